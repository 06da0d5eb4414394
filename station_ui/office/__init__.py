"""The screens of the office: approvals, figures, templates, people, partners, training."""

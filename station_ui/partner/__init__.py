"""The partner API: manifests, acceptance, tracking and webhooks, by token, each partner within its own batches."""

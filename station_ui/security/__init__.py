"""Who may see and do what at a screen: sessions, form tokens, headers, limits. Decides nothing about paper."""

"""What a person sees: tables, progress, prompts, values, and JSON for programs."""

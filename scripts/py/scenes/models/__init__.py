"""The demo models in Hugging Face's form: configuration, tokenizer, processor, first weights. A model is a file."""

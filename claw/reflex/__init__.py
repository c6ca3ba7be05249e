"""Understanding without a language model: text -> calls, replies or questions. Imports hassil only when a sentence comes."""

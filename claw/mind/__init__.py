"""The language model: adapters, prompt, tools, the loop. Only this folder imports a model SDK."""

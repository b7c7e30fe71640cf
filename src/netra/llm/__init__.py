"""Which model plays which role, within which budget.

Owns LLMManager, the budget and breaker around a provider's model, and the shell of the built-in analyst (a
model that asks a playbook what to do next). Must not know what agents there are, what a playbook says, nor
any provider's key: a provider is reached through our own gateway.
Lifetime: the manager lives as long as the process; a model object, its budget and its HTTP client live for
one run. Invariant: when a model fails, the failure is told; no answer is made up in its place.
"""

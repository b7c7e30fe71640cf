"""The actions agent: what exactly to change, in which order.

Owns its blueprint, its typed result and its playbook for the built-in analyst. Must not know how tools
compute. Lifetime: the blueprint lives as long as the process, results for one run. Invariant: prose cites
figures by id.
"""

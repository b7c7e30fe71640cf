"""Accounts, sessions, keys, workspaces: who somebody is and what they may enter.

Owns the schema `auth` (through `AuthDatabaseManager`, its own role and migrations), passwords, access and
refresh tokens, one-time tickets, API keys, memberships. Must not know threads, runs, usage or agents.
Services live as long as the process; a `Principal` for one request or socket. Invariants: passwords are
stored as Argon2id only, every other credential as a hash only; a refresh token is spent once and its family
dies on reuse; every decision is audited; a failed sign-in says nothing about whether the account exists;
nothing here is readable by the product's database role.
"""

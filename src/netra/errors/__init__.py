"""The tree of errors that a caller may see.

    NetraError
      InvalidInputError     400  the request cannot be understood; say what to write instead
      UnauthenticatedError  401  nobody, or somebody whose credential no longer counts
      ForbiddenError        403  known, but the role does not permit it
      NotFoundError         404  does not exist, or belongs to somebody else (never told apart)
      ConflictError         409  the state has moved on
      TooLargeError         413  more bytes or rows than a limit allows
      LimitExceededError    429  too many, too often, over a budget
      UnavailableError      503  a store or a provider is away; try again
      DeadlineExceededError 504  it took longer than it may

Owns the kinds, nothing else. A room subclasses them beside its service (`auth/errors.py`), gives each a
stable `code`, and carries data in `details`. Must not know HTTP: `http.problems` turns a kind into a
response. Lifetime: an error lives for one call. Invariant: the message of a NetraError is fit for the user's
eyes; secrets and foreign ids never go into it.
"""

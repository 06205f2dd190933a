//! What a forge says of a repository.

//! A pure matcher: a request to the most specific route.

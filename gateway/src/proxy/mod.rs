//! The one place that implements Pingora's `ProxyHttp`.

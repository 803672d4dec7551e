//! Sets of request methods (RFC 9110 §9).

use std::fmt;

use http::Method;

use crate::domain::Mistake;

/// A set of methods, in one order whatever the order they were named in. Case matters, as in HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Methods {
    /// One bit for each of [`KNOWN`].
    known: u16,
    /// The others, sorted by name.
    other: Vec<Method>,
}

const KNOWN: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

impl Methods {
    /// The set of these names; at least one.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Mistake> {
        let mut set = Self::default();
        for name in names {
            set.insert(parse(name)?);
        }
        if set.is_empty() {
            return Err(Mistake::new(
                "no method is named, so no request can match",
                "leave `methods` out for any",
            ));
        }
        Ok(set)
    }

    /// Adds `method`.
    pub fn insert(&mut self, method: Method) {
        match bit(&method) {
            Some(bit) => self.known |= bit,
            None => {
                if let Err(at) = self
                    .other
                    .binary_search_by(|known| known.as_str().cmp(method.as_str()))
                {
                    self.other.insert(at, method);
                }
            }
        }
    }

    /// Whether `method` itself is in the set.
    pub fn contains(&self, method: &Method) -> bool {
        match bit(method) {
            Some(bit) => self.known & bit != 0,
            None => self.other.contains(method),
        }
    }

    /// Whether a route with this set takes `method`: what takes GET takes HEAD (RFC 9110 §9.3.2).
    pub fn takes(&self, method: &Method) -> bool {
        self.contains(method) || (method == Method::HEAD && self.contains(&Method::GET))
    }

    /// Adds every method that `other` takes.
    pub fn extend_taken(&mut self, other: &Self) {
        self.known |= other.known;
        if other.takes(&Method::HEAD) {
            self.insert(Method::HEAD);
        }
        for method in &other.other {
            self.insert(method.clone());
        }
    }

    /// Whether some method is taken by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.iter().any(|method| other.takes(&method))
            || other.iter().any(|method| self.takes(&method))
    }

    /// Whether no method is in the set.
    pub fn is_empty(&self) -> bool {
        self.known == 0 && self.other.is_empty()
    }

    /// The methods: HTTP's own by name, then the others by name.
    pub fn iter(&self) -> impl Iterator<Item = Method> + '_ {
        let known = KNOWN.into_iter().enumerate();
        let known = known
            .filter(|(at, _)| self.known & (1 << at) != 0)
            .map(|(_, method)| method);
        known.chain(self.other.iter().cloned())
    }
}

/// As in an `Allow` field (RFC 9110 §10.2.1): `GET, HEAD`.
impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, method) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{method}")?;
        }
        Ok(())
    }
}

fn bit(method: &Method) -> Option<u16> {
    KNOWN
        .iter()
        .position(|known| known == method)
        .map(|at| 1 << at)
}

fn parse(name: &str) -> Result<Method, Mistake> {
    let upper = name.to_ascii_uppercase();
    if name != upper && KNOWN.iter().any(|known| known.as_str() == upper) {
        let what = format!("the method `{name}` isn't in upper case, and methods differ by case");
        return Err(Mistake::new(what, format!("write `{upper}`")));
    }
    Method::from_bytes(name.as_bytes()).map_err(|_| {
        Mistake::new(
            format!("`{name}` is no method"),
            "name methods one by one, as in `[GET, POST]`",
        )
    })
}

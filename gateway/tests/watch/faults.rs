//! The faults: how each is made, and which checks tell it with which reason.

use std::time::Duration;

use gatecheck::checks::State;

/// A fault.
pub struct Fault {
    pub name: &'static str,
    /// Whether the gateway speaks TLS.
    pub secure: bool,
    /// What the suite says beside the checks.
    pub suite: &'static str,
    /// How often each check runs; a machine that is busy must not look like a fault.
    pub every: Duration,
    pub breaks: Break,
    /// Check, state and reason; the others stay good.
    pub tells: &'static [Telling],
}

type Telling = (&'static str, State, &'static str);

/// How a gateway is broken.
pub enum Break {
    /// Its process is killed.
    Kill,
    /// Its process stops running, but keeps its sockets.
    Freeze,
    /// It is killed, and something else takes its port: an upstream that behaves so.
    Occupy(&'static str),
    /// The upstream of the orders behaves so.
    Upstream(&'static str),
    /// Its configuration is another: this text in the place of that.
    Edit(&'static str, &'static str),
    /// Its certificate is another, of this variant.
    Certificate(&'static str),
    /// A file with a secret of the suite is gone.
    Secret,
}

impl Fault {
    /// What a check should tell; none: it stays good.
    pub fn tells(&self, id: &str) -> Option<(State, &'static str)> {
        let told = self.tells.iter().find(|(told, ..)| *told == id);
        told.map(|(_, state, reason)| (*state, *reason))
    }

    /// The checks that should tell something.
    pub fn concerned(&self) -> impl Iterator<Item = &'static str> {
        self.tells.iter().map(|(id, ..)| *id)
    }
}

/// Each of the checks is bad, for this reason.
macro_rules! all {
    ($reason:literal) => {
        &[
            ("key-missing", State::Bad, $reason),
            ("key", State::Bad, $reason),
            ("key-of-bob", State::Bad, $reason),
            ("preflight", State::Bad, $reason),
            ("other-origin", State::Bad, $reason),
            ("search", State::Bad, $reason),
            ("nowhere", State::Bad, $reason),
            ("limit", State::Bad, $reason),
        ]
    };
}

/// What comes from the upstream of the orders is not what it should be.
macro_rules! orders {
    ($state:ident, $reason:literal) => {
        &[
            ("key", State::$state, $reason),
            ("key-of-bob", State::$state, $reason),
        ]
    };
}

const fn fault(name: &'static str, breaks: Break, tells: &'static [Telling]) -> Fault {
    Fault {
        name,
        secure: true,
        suite: "",
        every: Duration::from_secs(4),
        breaks,
        tells,
    }
}

const fn plain(fault: Fault) -> Fault {
    Fault {
        secure: false,
        ..fault
    }
}

pub const FAULTS: &[Fault] = &[
    Fault {
        suite: "within: 3s",
        every: Duration::from_secs(6),
        ..fault(
            "slow",
            Break::Upstream("slow=4s"),
            orders!(Degraded, "slow"),
        )
    },
    fault("the gateway is killed", Break::Kill, all!("connect")),
    fault("the gateway freezes", Break::Freeze, all!("timeout")),
    plain(fault(
        "garbage on the port",
        Break::Occupy("raw=nonsense%0D%0A%0D%0A"),
        all!("garbage"),
    )),
    plain(fault(
        "connections are closed at once",
        Break::Occupy("close=head"),
        all!("closed"),
    )),
    plain(fault(
        "another server is there, which knows no path",
        Break::Occupy("status=404"),
        &[
            ("key-missing", State::Bad, "status"),
            ("key", State::Bad, "status"),
            ("key-of-bob", State::Bad, "status"),
            ("preflight", State::Bad, "status"),
            ("other-origin", State::Bad, "status"),
            ("search", State::Bad, "status"),
            ("limit", State::Bad, "status"),
        ],
    )),
    fault(
        "a certificate of an authority that nobody trusts",
        Break::Certificate("wrong-authority"),
        all!("tls"),
    ),
    fault(
        "a certificate that has expired",
        Break::Certificate("expired"),
        all!("tls"),
    ),
    fault(
        "a certificate of another name",
        Break::Certificate("wrong-name"),
        all!("tls"),
    ),
    fault("500", Break::Upstream("status=500"), orders!(Bad, "status")),
    fault("silent", Break::Upstream("hang"), orders!(Bad, "timeout")),
    fault("refused", Break::Upstream("refuse"), orders!(Bad, "status")),
    fault(
        "not HTTP",
        Break::Upstream("raw=nonsense%0D%0A%0D%0A"),
        orders!(Bad, "status"),
    ),
    fault(
        "endless",
        Break::Upstream("endless=4KiB"),
        orders!(Bad, "body"),
    ),
    fault(
        "cut off",
        Break::Upstream("close=body"),
        orders!(Bad, "closed"),
    ),
    fault(
        "a key is removed",
        Break::Edit("bob-s3cret", "another-s3cret"),
        &[("key-of-bob", State::Bad, "status")],
    ),
    fault(
        "keys are no longer asked for",
        Break::Edit(
            "- {name: key-auth, config: {header: X-API-Key}} # orders",
            "#",
        ),
        &[("key-missing", State::Bad, "status")],
    ),
    fault(
        "an origin is dropped",
        Break::Edit("https://app.example", "https://shop.example"),
        &[("preflight", State::Bad, "header")],
    ),
    fault(
        "an origin too many",
        Break::Edit(
            "\"https://app.example\"",
            "\"https://app.example\", \"https://evil.example\"",
        ),
        &[("other-origin", State::Bad, "header")],
    ),
    fault(
        "a limit is lifted",
        Break::Edit("limitPerMinute: 3", "limitPerMinute: 300"),
        &[("limit", State::Bad, "status")],
    ),
    fault(
        "a route goes to the wrong service",
        Break::Edit("url: SEARCH} # search", "url: ORDERS}"),
        &[("search", State::Bad, "header")],
    ),
    fault(
        "a secret of the suite is gone",
        Break::Secret,
        &[("key-of-bob", State::Bad, "credential")],
    ),
];

//! What upstreams answer, on its way to the client.

use crate::faults::{Defect, Fault, Seen};

pub const FAULTS: &[Fault] = &[
    Fault {
        name: "cuts-response-body",
        about: "loses the last byte of a response",
        told_by: &[
            "KEY-013",
            "LIMIT-040",
            "LIMIT-041",
            "UP-006",
            "UP-018",
            "UP-068",
        ],
        defect: Defect::Rewrites(
            |seen, _| !seen.own_answer(),
            |_, _, body| body.truncate(body.len().saturating_sub(1)),
        ),
    },
    Fault {
        name: "replaces-upstream-errors",
        about: "puts an error of its own in the place of the upstream's",
        told_by: &["UP-006", "UP-018"],
        defect: Defect::Rewrites(
            |seen, response| !seen.own_answer() && response.status >= 400,
            |_, response, body| {
                response
                    .fields
                    .set("Content-Type", "application/problem+json");
                *body =
                    format!(r#"{{"title": "Error", "status": {}}}"#, response.status).into_bytes();
            },
        ),
    },
    Fault {
        name: "compresses-unasked",
        about: "compresses for clients that have not asked for it",
        told_by: &[
            "KEY-013",
            "LIMIT-040",
            "LIMIT-041",
            "UP-006",
            "UP-018",
            "UP-068",
        ],
        defect: Defect::Rewrites(
            |seen, response| {
                let asked = seen.asked.fields.has("Accept-Encoding");
                !seen.own_answer() && !asked && !response.fields.has("Content-Encoding")
            },
            |_, response, body| {
                response.fields.set("Content-Encoding", "gzip");
                *body = gzip(body);
            },
        ),
    },
    Fault {
        name: "hides-upstream-status",
        about: "answers 200 whatever the upstream created",
        told_by: &["UP-006"],
        defect: Defect::Outward(|seen, response| {
            if response.status == 201 && !seen.own_answer() {
                response.set_status(200);
            }
        }),
    },
    Fault {
        name: "joins-cookies",
        about: "joins Set-Cookie fields with a comma",
        told_by: &["UP-067"],
        defect: Defect::Outward(|_, response| {
            let cookies: Vec<&str> = response.fields.all("Set-Cookie").collect();
            if cookies.len() > 1 {
                let joined = cookies.join(", ");
                response.fields.set("Set-Cookie", joined);
            }
        }),
    },
    Fault {
        name: "drops-cookies",
        about: "keeps no more than one Set-Cookie field",
        told_by: &["UP-067"],
        defect: Defect::Outward(|_, response| {
            if let Some(first) = response.fields.first("Set-Cookie").map(str::to_owned) {
                response.fields.set("Set-Cookie", first);
            }
        }),
    },
    Fault {
        name: "drops-unknown-response-headers",
        about: "passes on none of the upstream's own headers",
        told_by: &["UP-006", "UP-046", "UP-065"],
        defect: Defect::Outward(|seen, response| {
            if !seen.own_answer() {
                for name in ["X-Reason", "X-End-To-End"] {
                    response.fields.remove(name);
                }
            }
        }),
    },
    Fault {
        name: "doubles-headers",
        about: "sends Content-Type twice",
        told_by: &[
            "AUTHZ-010",
            "ERR-001",
            "ERR-004",
            "INTRO-018",
            "JWT-034",
            "JWT-069",
            "JWT-158",
            "LIMIT-041",
            "TLS-054",
            "UP-009",
            "UP-068",
        ],
        defect: Defect::Outward(|_, response| {
            if let Some(kind) = response.fields.first("Content-Type").map(str::to_owned) {
                response.fields.add("Content-Type", kind);
            }
        }),
    },
    Fault {
        name: "hoards-streams",
        about: "keeps events back until the stream has ended",
        told_by: &["UP-040"],
        defect: Defect::Hoards(|_, response| {
            response.fields.says("Content-Type", "text/event-stream")
        }),
    },
    Fault {
        name: "body-after-no-content",
        about: "sends a body after 204 and 304",
        told_by: &["UP-046"],
        defect: Defect::Rambles(|seen: &Seen, response| {
            matches!(response.status, 204 | 304) && !seen.own_answer()
        }),
    },
];

/// The gzip coding (RFC 1952) of a body in stored blocks (RFC 1951 §3.2.4): what matters is that it isn't the body.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut coded = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks = body.chunks(usize::from(u16::MAX)).count().max(1);
    for index in 0..blocks {
        let start = index * usize::from(u16::MAX);
        let block = &body[start..body.len().min(start + usize::from(u16::MAX))];
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        coded.push(u8::from(index + 1 == blocks));
        coded.extend(length.to_le_bytes());
        coded.extend((!length).to_le_bytes());
        coded.extend(block);
    }
    coded.extend(crc32(body).to_le_bytes());
    coded.extend((body.len() as u32).to_le_bytes());
    coded
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1))
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_sum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}

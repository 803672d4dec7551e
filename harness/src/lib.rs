//! A conformance suite for API gateways: Gherkin scenarios, fixtures, adapters and reports.

pub mod report;

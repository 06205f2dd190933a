//! The policies that come with Eyrie, from `catalogs/policies/`.

/// Name of the file and text of each, by policy and then by first day.
pub const POLICIES: &[(&str, &str)] = &[
    ("ccc-2024-07-11.yaml", include_str!("../../../catalogs/policies/ccc-2024-07-11.yaml")),
    ("ccc-2025-06-06.yaml", include_str!("../../../catalogs/policies/ccc-2025-06-06.yaml")),
    ("cncf-1.3.yaml", include_str!("../../../catalogs/policies/cncf-1.3.yaml")),
    ("cncf-1.6.yaml", include_str!("../../../catalogs/policies/cncf-1.6.yaml")),
];

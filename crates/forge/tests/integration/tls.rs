//! Certificates: the well-known authorities are trusted, a private one only when it is given.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eyrie_forge::{Answer, Endpoints, Forge, GitHub, Network, Reason};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves `connections` pages over TLS on loopback; its port and its certificate.
fn serve(connections: usize) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            // A client that does not trust us hangs up here.
            if stream.read(&mut [0; 1000]).is_ok() {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 X\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    let encoded = STANDARD.encode(cert.der());
    (port, format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n"))
}

fn page(port: u16, certificates: Option<String>) -> Answer<String> {
    let network = Network {
        root_certificates: certificates.map(String::into_bytes),
        allow_private_pages: true,
        ..Network::default()
    };
    let endpoints = Endpoints::of(&"https://github.com/o/r".parse().unwrap());
    let github = GitHub::new(endpoints, None, network, "2026-06-01T00:00:00Z".parse().unwrap()).unwrap();
    github.page(&format!("https://localhost:{port}/")).map(|page| page.body)
}

#[test]
fn a_private_authority_has_to_be_given() {
    let (port, certificate) = serve(2);
    assert_eq!(page(port, Some(certificate)), Answer::Known("secret".into()));
    let untrusted = page(port, None);
    assert!(matches!(&untrusted, Answer::Unavailable(Reason::Tls { .. })), "{untrusted:?}");

    let (_, another) = serve(0);
    let (port, _) = serve(1);
    let untrusted = page(port, Some(another));
    assert!(matches!(&untrusted, Answer::Unavailable(Reason::Tls { .. })), "{untrusted:?}");
}

#[test]
fn plain_text_is_no_tls() {
    let server = crate::server::Server::start(|_| crate::server::Reply::status(200, "x"));
    let answer = page(server.port, None);
    assert!(!answer.is_known(), "{answer:?}");
}

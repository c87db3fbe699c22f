"""The names of TLS alerts by number: the IANA registry "TLS Alerts" (RFC 8446 section 6, RFC 9847)."""

from __future__ import annotations

CLOSE_NOTIFY = 0
USER_CANCELED = 90
CLOSURE = frozenset({"close_notify", "user_canceled"})
"""The alerts that end a connection without an error (RFC 8446 section 6.1), as Java's do a hurried one."""

FATAL = 2
"""The alert level of RFC 5246 section 7.2; TLS 1.3 ignores it (RFC 8446 section 6)."""

VERSION_ALERT = "protocol_version"
"""The alert of a server that speaks no version of a hello (RFC 8446 section 6.2)."""

ALERT_NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    52: "too_many_cids_requested",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}

_SSL2_ERROR_NAMES = {
    1: "ssl2_no_cipher",
    2: "ssl2_no_certificate",
    4: "ssl2_bad_certificate",
    6: "ssl2_unsupported_certificate_type",
}


def alert_name(number: int) -> str:
    """Return the registered name of an alert, or `alert_` and its number where it has none."""
    return ALERT_NAMES.get(number, f"alert_{number}")


def ssl2_error_name(number: int) -> str:
    """Return the name of an error of SSL 2.0, or `ssl2 error` and its number where it has none."""
    return _SSL2_ERROR_NAMES.get(number, f"ssl2 error {number}")

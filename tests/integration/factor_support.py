"""What the tests of second factors share: an authenticator of their own (RFC 6238), and enrolling over REST."""
import base64
import hashlib
import hmac
import re
import struct
import time
import urllib.parse

from job_support import ask


def settle(room=12):
    """Waits until the present step has some seconds left: a test that counts steps must not run into the next one."""
    left = 30 - time.time() % 30
    if left < room:
        time.sleep(left + 0.2)


class Authenticator:
    def __init__(self, secret):
        self.seed = base64.b32decode(secret)

    def code(self, off=0):
        """Of the step so many after the present one."""
        mac = hmac.new(self.seed, struct.pack(">Q", int(time.time()) // 30 + off), hashlib.sha1).digest()
        at = mac[-1] & 15
        return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff) % 10**6:06}"

    def wrong(self):
        good = {self.code(off) for off in range(-2, 4)}
        return next(code for code in (f"{i:06}" for i in range(10)) if code not in good)


def forget_used_codes(env, email):
    """As if the last code had been used long ago."""
    ask(env, "UPDATE drm.user_totp SET last_step = -1 FROM drm.users u WHERE u.id = user_totp.user_id AND u.email = %s", (email,))


def parse_uri(uri):
    parts = urllib.parse.urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    return urllib.parse.unquote(parts.path[1:]), dict(urllib.parse.parse_qsl(parts.query))


def enroll(api, code=None):
    """Begins and confirms. Returns the authenticator and the recovery codes."""
    begun = api.post("/api/v1/auth/second-factor", {"code": code} if code else {})
    assert begun.status == 201, begun
    authenticator = Authenticator(begun.json()["secret"])
    done = api.post("/api/v1/auth/second-factor/confirm", {"code": authenticator.code()})
    assert done.status == 200, done
    codes = done.json()["recovery_codes"]
    assert len(set(codes)) == 10 and all(re.fullmatch("[a-z2-7]{4}(-[a-z2-7]{4}){3}", c) for c in codes)
    return authenticator, codes

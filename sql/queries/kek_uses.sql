SELECT u.kek, u.uses FROM sec.kek_uses() u

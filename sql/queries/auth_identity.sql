SELECT sec.tenant(), sec.actor()

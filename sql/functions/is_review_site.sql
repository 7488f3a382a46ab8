-- Whether a referring host is that of a site on which customers review shops.
-- arguments: host, in any case; null: false
-- source: docs/definitions.md, "Trigger": sites that shops are reviewed on as of 2026, to be added to; outside.review_sites
create macro is_review_site(host) as
coalesce(
    regexp_matches(
        lower(host),
        '(^|[.])(trustpilot[.][a-z.]+|g[.]page|maps[.]google[.][a-z.]+|yelp[.][a-z.]+|tripadvisor[.][a-z.]+|avis-verifies[.]com|verified-reviews[.]com|netreviews[.]eu|trustedshops[.][a-z.]+|ekomi[.][a-z.]+|ekomi-[a-z]+[.]com|feefo[.]com|reviews[.](io|co[.]uk)|sitejabber[.]com|reviewcentre[.]com|productreview[.]com[.]au|opiniones-verificadas[.]com|idealo[.][a-z.]+|kiyoh[.]com|bbb[.]org|resellerratings[.]com|judge[.]me|custplace[.]com)$'
    ),
    false
)

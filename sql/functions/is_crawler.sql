-- Whether a user agent is a crawler's or a machine's: it names a bot, a crawler, a spider or a headless browser.
-- CUBOT makes phones. An agent that acts for a person (ai_agent) is none, though its text may link to a page on bots.
-- arguments: user_agent, as the browser or tracker sent it; null: false
-- source: docs/definitions.md, "Screening"
create macro is_crawler(user_agent) as
coalesce(
    ai_agent(user_agent) is null
    and regexp_matches(replace(lower(user_agent), 'cubot', ''), 'bot|crawl|spider|headless|googleother|anthropic-ai|cohere-ai'),
    false
)

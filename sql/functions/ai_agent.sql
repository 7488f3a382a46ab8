-- The agent that acts for a person by its user agent, as ChatGPT-User; null: none is named, or a crawler.
-- arguments: user_agent, as the browser or tracker sent it; null: null
-- source: docs/definitions.md, "Screening": the names that vendors give user-triggered agents as of 2026, to be added to
create macro ai_agent(user_agent) as
nullif(
    regexp_extract(
        user_agent,
        '(?i)(ChatGPT-User|ChatGPT Agent|Claude-User|Perplexity-User|MistralAI-User|Manus-User|GoogleAgent-Mariner|Google-Agent|NovaAct|Meta-ExternalFetcher|Grok-DeepSearch|Gemini-Deep-Research|DuckAssist-User|Cohere-User)'
    ),
    ''
)

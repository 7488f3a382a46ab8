-- Whether a referring host, or a utm_source, is an AI assistant's.
-- arguments: named, the host or the source, in any case; null: false
-- source: docs/definitions.md, "Channel": hosts and sources that assistants send as of 2026, to be added to
create macro is_ai_assistant(named) as
coalesce(
    regexp_matches(
        lower(trim(named)),
        '(^|[.])(chatgpt[.]com|openai[.]com|perplexity[.]ai|copilot[.]microsoft[.]com|copilot[.]com|m365[.]cloud[.]microsoft|edgeservices[.]bing[.]com|gemini[.]google[.]com|bard[.]google[.]com|notebooklm[.]google[.]com|claude[.]ai|anthropic[.]com|deepseek[.]com|mistral[.]ai|grok[.]com|x[.]ai|meta[.]ai|you[.]com|poe[.]com|phind[.]com|duck[.]ai|kimi[.]com|moonshot[.]cn|doubao[.]com|chat[.]qwen[.]ai|com[.]openai[.]chatgpt|ai[.]perplexity[.]app[.]android|com[.]anthropic[.]claude|com[.]microsoft[.]copilot|com[.]google[.]android[.]apps[.]bard|com[.]deepseek[.]chat)$'
    )
    or regexp_matches(
        lower(trim(named)),
        '^(chat-?gpt|openai|perplexity|(microsoft|bing|m365)?[ _-]?copilot|(google)?[ _-]?gemini|claude|anthropic|deepseek|mistral|le[ _-]?chat|grok|meta[ _-]?ai)$'
    ),
    false
)

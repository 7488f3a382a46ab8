-- The host that an address names, in lower case; of an app's, as `android-app://com.openai.chatgpt/`, the app.
-- arguments: address, with its scheme; null: null
-- source: RFC 3986, 3: scheme, user and host; empty where there is no scheme or no host
create macro url_host(address) as
lower(regexp_extract(address, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)', 1))

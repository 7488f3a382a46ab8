-- One row per sales channel whose orders count as placed on the web.
create table settings.web_channels (
    sales_channel text          -- of staging.orders
)

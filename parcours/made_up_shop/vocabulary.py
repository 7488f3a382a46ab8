"""What the exports are worded in: people, places, products, campaigns, comments, Shopify's header.

The tables are columns, as DuckDB takes them; their first column numbers the rows. What is drawn from them is
decided in `journeys` (products, campaigns) and in `exports` (people and places).
"""

PERSONS = {  # a person draws one of each
    "first_name": [
        "Zoé", "Léa", "Camille", "Inès", "Hugo", "Jules", "Anaïs", "Théo", "Manon", "Louis", "Noor", "Karim",
        "Elif", "Jürgen", "Sofia", "Marek",
    ],
    "last_name": [
        "Martin", "Lefèvre", "D'Angelo", "O'Connor", "Müller", "Dubois", "Moreau", "Peeters", "Nguyen",
        "Garcia", "Roux", "Keller", "Haddad", "Kowalski", "Bonnet", "Fontaine", "Schmid", "Janssens", "Weber",
        "Traoré", "Lambert", "Girard", "Marchand", "Vidal",
    ],
    "street": [
        "rue des Lilas", "avenue Victor Hugo", "rue du Moulin", "place de la Gare", "Gartenstraße", "chemin Vert",
    ],
    "place": range(8),
}  # fmt: skip
PLACES = {
    "place": range(8),
    "city": ["Paris", "Lyon", "Nantes", "Lille", "Toulouse", "Bruxelles", "Genève", "Köln"],
    "postcode": ["75011", "69003", "44000", "59000", "31000", "1000", "1201", "50667"],
    "country_code": ["FR"] * 5 + ["BE", "CH", "DE"],
    "country": ["France"] * 5 + ["Belgium", "Switzerland", "Germany"],
}
GOODS = ["Mug", "Poster", "Lamp", "Cushion", "Blanket", "Teapot", "Clock", "Vase", "Mirror", "Notebook"]
COLOURS = ["Blue", "Ochre", "Linen", "Black"]
PRICES = [1490 + (product * 1730) % 7200 for product in range(40)]  # in cents
PRODUCTS = {
    "product": range(40),
    "product_id": [f"p-{product:03d}" for product in range(40)],
    "sku": [f"{good[:3]}-{colour[:3]}".upper() for good in GOODS for colour in COLOURS],
    "name": [f"{good} - {colour}" for good in GOODS for colour in COLOURS],
    "price": PRICES,
    "category": [good.lower() for good in GOODS for _ in COLOURS],
}
CAMPAIGNS = {
    "campaign": range(4),
    "source": ["google", "newsletter", "instagram", "idealo"],
    "medium": ["cpc", "email", "social", "affiliate"],
    "campaign_name": ["brand", "july", "summer", "feed"],
    "referrer": ["https://www.google.com/", "", "https://www.instagram.com/", ""],
}
WORDINGS = {
    "surveys": ["Order satisfaction", "Checkout experience", "Support experience"],
    "good_comments": [
        "Perfect", "Très joli, merci", 'My daughter said "wow"', "Fast, safe, simple", "Super 👍",
        "Well packed\nand on time", "<b>Love it</b>",
    ],
    "poor_comments": [
        "Too late", "Arrived, but days late", 'The "express" parcel was not', "Trop cher 😞",
        "No answer\nfrom anyone", "<script>alert(1)</script>", "Why an account, just to pay?",
    ],
}  # fmt: skip
ADDRESS = "Name", "Street", "Address1", "Address2", "Company", "City", "Zip", "Province", "Country", "Phone"
SHOPIFY_COLUMNS = [
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at",
    "Accepts Marketing", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code",
    "Discount Amount", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name",
    "Lineitem price", "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping",
    "Lineitem taxable", "Lineitem fulfillment status",
    *(f"{side} {part}" for side in ("Billing", "Shipping") for part in ADDRESS),
    "Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount",
    "Vendor", "Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level",
    "Source", "Lineitem discount",
    *(f"Tax {number} {part}" for number in range(1, 6) for part in ("Name", "Value")),
    "Phone", "Receipt Number", "Duties", "Billing Province Name", "Shipping Province Name", "Payment ID",
    "Payment Terms Name", "Next Payment Due At", "Payment References",
]  # fmt: skip

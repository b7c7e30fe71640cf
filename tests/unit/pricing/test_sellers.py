"""Who sells the same model: exactly the same, never a relative."""

from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.sellers import SameModels, Seller
from netra.pricing.shipped_data import SellerRules

LISTED = [
    ("maker", "model-4-5"),
    ("cloud", "global.maker.model-4-5-20250929-v1:0"),
    ("router", "maker/model-4.5"),
    ("router", "maker/model-4.5:free"),
    ("router", "maker/model-4.5-fast"),
    ("assistant", "model-4.5"),
    ("maker", "shut-3"),
    ("cloud", "shut-3"),
    ("gateway", "maker/shut-3"),
    ("maker", "open-7b"),
    ("host", "open-7b"),
    ("gateway", "open-7b"),
    ("maker", "omni-4"),
    ("maker", "omni-4-2024-05-13"),
    ("router", "omni-4"),
    ("router", "omni-4-2024-05-13"),
    ("maker", "large"),
    ("router", "large"),
]


RULES = SellerRules(
    frozenset({"assistant"}),
    ((("shut-*",), frozenset({"maker", "cloud"})),),
    ((("open-*",), "maker"),),
)


def test_only_real_offers_are_compared() -> None:
    same = SameModels(LISTED, RULES)
    assert same.beside("maker", "shut-3") == (Seller("cloud", "shut-3"),)
    assert same.beside("host", "open-7b") == (Seller("gateway", "open-7b"),)
    assert all(seller.provider != "assistant" for seller in same.beside("maker", "model-4-5"))


def test_regions_paths_days_and_ways_to_write_a_version_are_the_same_model() -> None:
    same = SameModels(LISTED, RULES)
    cloud, router = Seller("cloud", LISTED[1][1]), Seller("router", "maker/model-4.5")
    assert same.beside("maker", "model-4-5") == (cloud, router)
    assert same.beside("cloud", cloud.model) == (Seller("maker", "model-4-5"), router)


def test_variants_and_names_without_a_number_are_nobody_elses() -> None:
    same = SameModels(LISTED, RULES)
    assert same.beside("router", "maker/model-4.5:free") == ()
    assert same.beside("router", "maker/model-4.5-fast") == ()
    assert same.beside("maker", "large") == ()
    assert same.beside("maker", "unheard-of-7") == ()


def test_a_day_stays_where_the_seller_lists_the_name_without_it_too() -> None:
    same = SameModels(LISTED, RULES)
    assert same.beside("maker", "omni-4") == (Seller("router", "omni-4"),)
    assert same.beside("maker", "omni-4-2024-05-13") == (Seller("router", "omni-4-2024-05-13"),)


def test_of_the_shipped_catalogue() -> None:
    catalogue = PriceCatalogue()
    held = {seller.provider for seller in catalogue.sellers("claude-sonnet-4-6")}
    assert {"aws"} <= held <= {"aws", "google", "azure", "openrouter"}
    assert not catalogue.sellers("nobody-knows")
    assert all(":" not in s.model.split("-v1")[0] for s in catalogue.sellers("gpt-4o"))

from twelve.factors.codebase.tree import TreeFacts, remarks, some


def test_facts_survive_the_way_through_json():
    facts = TreeFacts("git", "a" * 40, "b" * 40, "subject", 5, True, ("x", "y"), "shop", True)
    assert TreeFacts.from_plain(facts.to_plain()) == facts
    assert TreeFacts.from_plain({**facts.to_plain(), "of_tomorrow": 1}) == facts


def test_what_is_said_about_a_tree():
    assert remarks(TreeFacts("git", "a" * 40)) == []
    (folder,) = remarks(TreeFacts("folder"))
    assert "not under version control" in folder
    left, dirty = (
        remarks(TreeFacts("git", "a" * 40, left_out=("x",))),
        remarks(TreeFacts("git", "a" * 40, dirty=True)),
    )
    assert left == ["not in this build, because not committed: x"]
    assert "aaaaaaa plus changes" in dirty[0]
    assert "shallow clone" in remarks(TreeFacts("git", "a" * 40, shallow=True))[0]


def test_long_lists_are_cut():
    assert some(("a", "b"), 2) == "a, b"
    assert some(("a", "b", "c", "d"), 2) == "a, b and 2 more"

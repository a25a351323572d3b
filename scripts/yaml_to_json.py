"""Turns a YAML document into compact JSON: yaml_to_json.py IN.yaml OUT.json.

The keys keep their order. A value that JSON does not have (a date without quotes) is an error, not a guess, and so is a
key that stands twice: PyYAML alone would keep the last one.
"""

import json
import sys
from pathlib import Path

import yaml


class StrictLoader(yaml.SafeLoader):
    """Refuses keys that stand twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Build the mapping after looking for repeats."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def main() -> None:
    """Convert argv[1] to argv[2]."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    document = yaml.load(source.read_text(encoding="utf-8"), Loader=StrictLoader)
    target.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()

import { describe, expect, it } from "vitest";
import { parseBlocks, parseInline } from "./markdown";

describe("inline", () => {
  it("knows citations, code, strong and emphasis", () => {
    expect(parseInline("It saves **{{f:1}}** with `ttl` *now*.")).toEqual([
      { kind: "text", text: "It saves " },
      { kind: "strong", children: [{ kind: "figure", id: "1" }] },
      { kind: "text", text: " with " },
      { kind: "code", text: "ttl" },
      { kind: "text", text: " " },
      { kind: "em", children: [{ kind: "text", text: "now" }] },
      { kind: "text", text: "." },
    ]);
  });

  it("shows where a link or an image points and makes neither", () => {
    expect(parseInline("[here](https://evil.example/x) ![p](http://evil.example/p.png)")).toEqual([
      { kind: "text", text: "here (https://evil.example/x)" },
      { kind: "text", text: " " },
      { kind: "text", text: "p (http://evil.example/p.png)" },
    ]);
  });

  it("leaves HTML, lone stars and products as text", () => {
    const text = "<img src=x onerror=alert(1)> 2 * 3 * 4 and a_b";
    expect(parseInline(text)).toEqual([{ kind: "text", text }]);
  });
});

describe("blocks", () => {
  it("parts paragraphs, lists, headings, code, quotes and tables", () => {
    const blocks = parseBlocks(
      "# Saving\n\nFirst.\nStill first.\n\n- one\n  and more\n- two\n\n3. three\n4. four\n\n> said\n\n```\na < b\n```\n\n| Model | Cost |\n| --- | ---: |\n| gpt-4o | {{f:1}} |\n",
    );
    expect(blocks.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "list", "quote", "code", "table"]);
    expect(blocks[2]).toMatchObject({ ordered: false, items: [[{ text: "one and more" }], [{ text: "two" }]] });
    expect(blocks[3]).toMatchObject({ ordered: true, start: 3 });
    expect(blocks[5]).toEqual({ kind: "code", text: "a < b" });
    expect(blocks[6]).toMatchObject({ rows: [[[{ text: "gpt-4o" }], [{ kind: "figure", id: "1" }]]] });
  });

  it("takes a fence that never closes to the end, as it streams", () => {
    expect(parseBlocks("Do:\n```\nnetra import")).toEqual([
      { kind: "paragraph", children: [{ kind: "text", text: "Do:" }] },
      { kind: "code", text: "netra import" },
    ]);
  });

  it("keeps every character of any prefix of an answer, so that streaming never throws", () => {
    const text = "**Bold {{f:1}}**\n\n1. `a`\n2. *b*\n\n| x |\n|---|\n| y |\n> q\n```\nz";
    for (let end = 0; end <= text.length; end += 1) expect(() => parseBlocks(text.slice(0, end))).not.toThrow();
  });
});

import { describe, expect, it } from "vitest";
import { parsePairs } from "../parts/imports/pairs";
import { importPath, LineReader } from "./importing";
import { problemFrom } from "./problem";

describe("the progress lines of an import", () => {
  it("are taken once each, however the text was cut on its way", () => {
    const whole = '{"type":"progress","read":1}\n{"type":"progress","read":2}\n{"type":"result","stored":2}\n';
    const reader = new LineReader();
    const taken = [];
    for (let end = 0; end <= whole.length; end += 7) taken.push(...reader.take(whole.slice(0, end)));
    taken.push(...reader.take(whole));
    expect(taken.map((message) => message.read ?? message.stored)).toEqual([1, 2, 2]);
  });

  it("leave out what is not a message", () => {
    expect(new LineReader().take("not json\n42\n{}\n\n")).toEqual([]);
  });
});

describe("the address of an import", () => {
  it("carries format, name, set and map, escaped", () => {
    const file = new File(["x"], "my calls & more.csv");
    expect(importPath({ file, format: "calls", set: [["app", "a=b"]], map: [["input_tokens", "prompt tokens"]] })).toBe(
      "/v1/imports?format=calls&name=my+calls+%26+more.csv&set=app%3Da%3Db&map=input_tokens%3Dprompt%20tokens",
    );
  });

  it("is made from name=value lines, and a line that is none is named", () => {
    expect(parsePairs(" provider=openai \n\nmodel = gpt-4o\n")).toEqual({ pairs: [["provider", "openai"], ["model", "gpt-4o"]], wrong: null });
    expect(parsePairs("provider=openai\ngpt-4o")).toEqual({ pairs: [], wrong: "gpt-4o" });
    expect(parsePairs("=x").wrong).toBe("=x");
  });
});

describe("a problem", () => {
  it("is read from the server's answer, or made from the status when a proxy answered", () => {
    expect(problemFrom(409, { title: "Busy", detail: "d", code: "busy", hint: "h", trace_id: "t" })).toEqual({ title: "Busy", status: 409, detail: "d", code: "busy", hint: "h", traceId: "t" });
    expect(problemFrom(502, "<html>")).toMatchObject({ title: "The server could not do this", status: 502, code: "http_502" });
  });
});

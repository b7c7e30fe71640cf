import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "./http";
import { RejectReader } from "./rejects";

afterEach(() => vi.unstubAllGlobals());

const FILE = new TextEncoder().encode(
  Array.from({ length: 6000 }, (_, at) => `${JSON.stringify({ line: at + 1, code: "negative", reason: `Zähler ${at} is below 0`, column: "input_tokens" })}\n`).join(""),
);
const nobody = new HttpClient({ accessToken: () => null, workspaceId: () => null, renew: () => Promise.resolve(false) });

function serve(answer: (start: number, end: number) => Response): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    const range = (init.headers as Record<string, string>).Range!;
    asked.push(range);
    const [start, end] = range.replace("bytes=", "").split("-").map(Number) as [number, number];
    return Promise.resolve(answer(start, end));
  });
  return asked;
}

const partly = (start: number, end: number) =>
  new Response(FILE.slice(start, end + 1), { status: 206, headers: { "Content-Range": `bytes ${start}-${end}/${FILE.length}` } });

describe("the rejected rows of an import", () => {
  it("come a piece at a time, only as far as somebody looks, and none is cut", async () => {
    const asked = serve(partly);
    const reader = new RejectReader(nobody, "imp_1");
    await reader.readTo(50);
    expect(asked).toHaveLength(1);
    expect(reader.complete).toBe(false);
    await reader.readTo(10_000);
    expect(reader.complete).toBe(true);
    expect(reader.rows.map((row) => row.line)).toEqual(Array.from({ length: 6000 }, (_, at) => at + 1));
    expect(reader.rows[5999]!.reason).toBe("Zähler 5999 is below 0");
  });

  it("come whole where ranges are not known, and may be none", async () => {
    serve(() => new Response(FILE));
    const reader = new RejectReader(nobody, "imp_1");
    await reader.readTo(1);
    expect([reader.rows.length, reader.complete]).toEqual([6000, true]);
    serve(() => new Response(""));
    const none = new RejectReader(nobody, "imp_2");
    await none.readTo(50);
    expect([none.rows.length, none.complete]).toEqual([0, true]);
  });
});

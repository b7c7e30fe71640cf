import { beforeEach, describe, expect, it, vi } from "vitest";
import { reply, scriptNetwork, signedIn, type Answers } from "../testing/app";
import { SessionKeeper } from "./session";

const network = (answers: Answers) => scriptNetwork(answers, (name, value) => vi.stubGlobal(name, value));
const refused = () => reply({ title: "No session", status: 401, code: "no_session" }, 401);

beforeEach(() => localStorage.clear());

describe("the session", () => {
  it("is restored at load from the cookie, without a password", async () => {
    const calls = network(signedIn);
    const session = new SessionKeeper();
    await session.restore();
    expect(session.state.get()).toMatchObject({ kind: "signed-in", workspaceId: "wsp_1", user: { email: "ada@example.org" } });
    expect(calls.map((call) => call.request)).toEqual(["POST /v1/auth/refresh", "GET /v1/me"]);
    expect(calls[1]!.headers.Authorization).toBe("Bearer token");
  });

  it("asks for a password when there is no cookie", async () => {
    network({ "POST /v1/auth/refresh": refused });
    const session = new SessionKeeper();
    await session.restore();
    expect(session.state.get()).toEqual({ kind: "signed-out", notice: null });
  });

  it("says that the server is away instead of asking for a password", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("network")));
    const session = new SessionKeeper();
    await session.restore();
    expect(session.state.get()).toMatchObject({ kind: "unreachable", problem: { code: "unreachable" } });
  });

  it("keeps its token out of every storage", async () => {
    network(signedIn);
    const session = new SessionKeeper();
    await session.restore();
    expect(JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie).not.toContain("token");
  });

  it("renews once for many requests that find the token expired, and repeats them", async () => {
    let valid = false;
    let renewals = 0;
    network({
      ...signedIn,
      "POST /v1/auth/refresh": (init) => {
        renewals += 1;
        valid = true;
        return signedIn["POST /v1/auth/refresh"]!(init);
      },
      "GET /v1/threads": () => (valid ? reply({ items: [], next_cursor: null }) : refused()),
    });
    const session = new SessionKeeper();
    await session.restore();
    valid = false;
    renewals = 0;
    await Promise.all([1, 2, 3].map(() => session.http.json("/v1/threads")));
    expect(renewals).toBe(1);
  });

  it("ends with a notice when the refresh is refused in the middle", async () => {
    const answers: Answers = { ...signedIn, "GET /v1/threads": refused };
    network(answers);
    const session = new SessionKeeper();
    await session.restore();
    answers["POST /v1/auth/refresh"] = refused;
    await expect(session.http.json("/v1/threads")).rejects.toThrow();
    expect(session.state.get()).toMatchObject({ kind: "signed-out", notice: expect.stringContaining("Sign in again") });
    expect(session.accessToken()).toBeNull();
  });

  it("names the chosen workspace on every request and remembers it", async () => {
    const calls = network({ ...signedIn, "GET /v1/threads": () => reply({ items: [], next_cursor: null }) });
    const session = new SessionKeeper();
    await session.restore();
    session.choose("wsp_2");
    await session.http.json("/v1/threads");
    expect(calls.at(-1)!.headers["Netra-Workspace"]).toBe("wsp_2");
    const later = new SessionKeeper();
    await later.restore();
    expect(later.workspaceId()).toBe("wsp_2");
  });

  it("signs in after signing up, and explains when the address was known", async () => {
    const answers: Answers = { ...signedIn, "POST /v1/auth/sign-up": () => reply({ email: "a", next: "sign_in" }, 201), "POST /v1/auth/sign-in": signedIn["POST /v1/auth/refresh"]! };
    network(answers);
    const session = new SessionKeeper();
    await session.signUp("ada@example.org", "correct horse", "Ada");
    expect(session.state.get().kind).toBe("signed-in");
    answers["POST /v1/auth/sign-in"] = refused;
    await expect(new SessionKeeper().signUp("ada@example.org", "other", "")).rejects.toThrow(/had an account before/);
  });
});

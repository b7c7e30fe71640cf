import { HttpClient, type Credentials } from "../api/http";
import { problemOf, ProblemError, type Problem } from "../api/problem";
import type { Me, Session, User, Workspace } from "../api/types";
import { Store } from "./store";

export type SessionState =
  | { kind: "loading" }
  | { kind: "signed-out"; notice: string | null }
  | { kind: "unreachable"; problem: Problem }
  | { kind: "signed-in"; user: User; workspaces: Workspace[]; workspaceId: string };

const WORKSPACE_KEY = "netra.workspace";
const RENEW_BEFORE_S = 45;

/**
 * Who is signed in. The access token exists only in this object's memory; what survives a reload is the
 * HttpOnly cookie, which this page cannot read and only swaps for a new token.
 */
export class SessionKeeper implements Credentials {
  readonly state = new Store<SessionState>({ kind: "loading" });
  readonly http = new HttpClient(this);
  private token: string | null = null;
  private renewal: Promise<boolean> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  accessToken = (): string | null => this.token;

  workspaceId = (): string | null => {
    const state = this.state.get();
    return state.kind === "signed-in" ? state.workspaceId : null;
  };

  /** At load: a silent renewal decides whether the page opens or asks for a password. */
  async restore(): Promise<void> {
    this.state.set({ kind: "loading" });
    try {
      if (await this.renew()) await this.enter();
      else this.state.set({ kind: "signed-out", notice: null });
    } catch (error) {
      this.state.set({ kind: "unreachable", problem: problemOf(error) });
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.begin("/v1/auth/sign-in", { email, password });
  }

  async signUp(email: string, password: string, name: string): Promise<void> {
    const body = name ? { email, password, name } : { email, password };
    await this.http.json("/v1/auth/sign-up", { method: "POST", body, anonymous: true });
    try {
      await this.signIn(email, password);
    } catch (error) {
      // A sign-up answers the same for a new and for a known address; only the sign-in can tell.
      if (problemOf(error).status !== 401) throw error;
      throw new ProblemError({
        title: "Could not sign in with this password",
        status: 401,
        code: "sign_up_not_entered",
        detail: "If this address had an account before, its password has not been changed.",
        hint: "Sign in with the account's password, or use another address.",
      });
    }
  }

  async signOut(): Promise<void> {
    try {
      await this.http.json("/v1/auth/sign-out", { method: "POST" });
    } finally {
      this.forget(null);
    }
  }

  choose(workspaceId: string): void {
    const state = this.state.get();
    if (state.kind !== "signed-in" || state.workspaceId === workspaceId) return;
    localStorage.setItem(WORKSPACE_KEY, workspaceId);
    this.state.set({ ...state, workspaceId });
  }

  async createWorkspace(name: string): Promise<void> {
    const made = await this.http.json<Workspace>("/v1/workspaces", { method: "POST", body: { name } });
    await this.enter();
    this.choose(made.id);
  }

  /** Enters the workspace an invitation is for, and shows it. */
  async join(token: string): Promise<Workspace> {
    const joined = await this.http.json<Workspace>("/v1/invitations/accept", { method: "POST", body: { token } });
    await this.enter();
    this.choose(joined.id);
    return joined;
  }

  /** One renewal at a time, here and across tabs: a refresh token is used once. */
  renew = (): Promise<boolean> => {
    this.renewal ??= this.renewOnce().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  };

  private async renewOnce(): Promise<boolean> {
    const swap = async (): Promise<boolean> => {
      try {
        const path = "/v1/auth/refresh";
        this.hold(await this.http.json<Session>(path, { method: "POST", anonymous: true }));
        return true;
      } catch (error) {
        const { status } = problemOf(error);
        if (status !== 400 && status !== 401 && status !== 403) throw error;
        if (this.state.get().kind === "signed-in") this.forget("Your session ended. Sign in again to go on.");
        return false;
      }
    };
    return navigator.locks ? navigator.locks.request("netra-refresh", swap) : swap();
  }

  private async begin(path: string, body: unknown): Promise<void> {
    this.hold(await this.http.json<Session>(path, { method: "POST", body, anonymous: true }));
    await this.enter();
  }

  private hold(session: Session): void {
    this.token = session.access_token;
    clearTimeout(this.timer);
    const seconds = Math.max(5, session.expires_in - RENEW_BEFORE_S);
    this.timer = setTimeout(() => void this.renew().catch(() => undefined), seconds * 1000);
  }

  private async enter(): Promise<void> {
    const { user, workspaces } = await this.http.json<Me>("/v1/me");
    const remembered = localStorage.getItem(WORKSPACE_KEY);
    const chosen = workspaces.find((workspace) => workspace.id === remembered) ?? workspaces[0];
    if (!chosen) throw new Error("This account belongs to no workspace.");
    this.state.set({ kind: "signed-in", user, workspaces, workspaceId: chosen.id });
  }

  private forget(notice: string | null): void {
    this.token = null;
    clearTimeout(this.timer);
    this.state.set({ kind: "signed-out", notice });
  }
}

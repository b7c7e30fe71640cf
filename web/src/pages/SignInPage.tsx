import { useEffect, useRef, useState, type FormEvent } from "react";
import { ProblemNote } from "../parts/Feedback";
import { Mark } from "../parts/Icon";
import { useAction } from "../parts/ThreadDialogs";
import { useApp } from "../state/app";
import { parseRoute, useHash } from "../state/route";

const SHORTEST_PASSWORD = 8;

export function SignInPage({ notice }: { notice: string | null }) {
  const { session } = useApp();
  const [mode, setMode] = useState<"in" | "up">("in");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const first = useRef<HTMLInputElement>(null);
  const creating = mode === "up";
  const invited = parseRoute(useHash()).page === "join";
  const short = creating && password !== "" && [...password].length < SHORTEST_PASSWORD;

  useEffect(() => first.current?.focus(), [mode]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (short) return;
    void run(() => (creating ? session.signUp(email.trim(), password, name.trim()) : session.signIn(email.trim(), password)));
  };

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <div className="brand"><Mark size={32} /> <span>Netra <em>Apex</em></span></div>
        <h1>{creating ? "Create your account" : "Sign in"}</h1>
        <p className="faint">What your LLM calls cost, what would prove cheaper, and whether it did.</p>
        {invited && !problem && <p className="note">You are invited into a workspace. Sign in with the address the invitation was sent to, or create an account with it; the invitation opens then.</p>}
        {notice && !problem && <p className="note" role="status">{notice}</p>}
        {problem && <ProblemNote problem={problem} />}
        <form onSubmit={submit} className="stack">
          {creating && (
            <label className="field">
              <span>Name <span className="faint">(optional)</span></span>
              <input ref={first} value={name} autoComplete="name" maxLength={120} onChange={(event) => setName(event.target.value)} />
            </label>
          )}
          <label className="field">
            <span>Email</span>
            <input ref={creating ? undefined : first} type="email" value={email} required autoComplete="username" onChange={(event) => setEmail(event.target.value)} />
          </label>
          <label className="field">
            <span>Password</span>
            <input
              type="password"
              value={password}
              required
              autoComplete={creating ? "new-password" : "current-password"}
              aria-describedby={creating ? "password-help" : undefined}
              aria-invalid={short || undefined}
              onChange={(event) => setPassword(event.target.value)}
            />
            {creating && (
              <span id="password-help" className={short ? "small bad-ink" : "small faint"}>
                At least {SHORTEST_PASSWORD} characters; 15 or more are better. A sentence works well.
              </span>
            )}
          </label>
          <button type="submit" className="button primary wide" disabled={busy}>
            {busy ? "One moment" : creating ? "Create account" : "Sign in"}
          </button>
        </form>
        <p className="small">
          {creating ? "You have an account? " : "New here? "}
          <button type="button" className="text-button" onClick={() => setMode(creating ? "in" : "up")}>
            {creating ? "Sign in" : "Create an account"}
          </button>
        </p>
      </div>
    </main>
  );
}

// The way to the receiver: token, state, events; it tries again by itself for as long as it takes.

const KINDS = ["burst", "image", "refined", "lost", "text", "stage", "spectrum", "choice", "counters", "problem"];
const AGAIN_MS = 1000;
/** What the totals and transmitters are asked for again. */
const REFRESH_MS = 2000;

export class Connection {
  /** @param store takes what arrives; @param say is told "live", "lost" or "locked". */
  constructor(store, say) {
    this.store = store;
    this.say = say;
    this.stream = null;
    setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** Read the whole state, then follow the events from there. */
  async open() {
    this.stream?.close();
    this.stream = null;
    let snapshot;
    try {
      const answer = await fetch("/state");
      if (answer.status === 401) return this.say("locked");
      if (!answer.ok) throw new Error(answer.statusText);
      snapshot = await answer.json();
    } catch {
      this.say("lost");
      setTimeout(() => this.open(), AGAIN_MS);
      return;
    }
    this.store.reset(snapshot);
    const stream = new EventSource(`/events?after=${encodeURIComponent(snapshot.last_id)}`);
    this.stream = stream;
    stream.onopen = () => this.say("live");
    // The browser connects again with the id of the last event; where it gives up, we do not.
    stream.onerror = () => {
      this.say("lost");
      if (stream.readyState === EventSource.CLOSED && this.stream === stream) setTimeout(() => this.open(), AGAIN_MS);
    };
    // Another start of the receiver, or too long away: everything anew.
    stream.addEventListener("reset", () => this.open());
    for (const kind of KINDS) stream.addEventListener(kind, event => this.store.take(kind, JSON.parse(event.data)));
  }

  async refresh() {
    if (this.stream?.readyState !== EventSource.OPEN || document.hidden) return;
    try {
      const answer = await fetch("/summary");
      if (answer.ok) this.store.setState(await answer.json());
    } catch {
      // The stream notices as well, and tries again.
    }
  }

  /** Try a token; whether it was the right one. */
  async login(token) {
    const answer = await post("/login", { token });
    if (answer.ok) await this.open();
    return answer.ok;
  }

  /** Ask for a change; returns why it was refused, or "". */
  async change(wishes) {
    try {
      const answer = await post("/controls", wishes);
      const told = await answer.json();
      if (!answer.ok) return typeof told.detail === "string" ? told.detail : "not possible";
      this.store.setState(told);
      return "";
    } catch {
      return "the receiver does not answer";
    }
  }
}

function post(path, body) {
  return fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

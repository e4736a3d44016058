// Runs in the browser: asks our own server for a caption; the road to RunPod begins there.
import { dataUrlOf } from "./picture";

export async function captionOf(file: File, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify({ data_url: await dataUrlOf(file) });
  signal.throwIfAborted();
  const response = await fetch("/api/caption", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
    signal,
  });
  const answer = await response.json().catch(() => null); // a proxy in between may answer in HTML
  if (!response.ok) throw new Error(answer?.error?.message ?? sentenceFor(response.status));
  if (typeof answer?.caption !== "string") throw new Error("The server's answer holds no caption. Try again.");
  return answer.caption;
}

function sentenceFor(status: number): string {
  if (status === 413) return "The picture is too large for this server. Choose a smaller one.";
  if (status === 504) return "No answer in time. The first worker may still be starting: try again.";
  return `The server has a problem (${status}). Try again.`;
}

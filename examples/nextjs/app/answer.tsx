"use client";

import { useEffect, useState } from "react";
import type { State } from "./captioner";

interface AnswerProps {
  state: State;
  onCancel: () => void;
  onRetry: () => void;
}

/** What became of the photo. The region is there from the start: only then do screen readers announce its changes. */
export function Answer({ state, onCancel, onRetry }: AnswerProps) {
  return (
    <section className="answer" aria-live="polite" data-step={state.step}>
      {state.step === "working" && <Progress since={state.since} onCancel={onCancel} />}
      {state.step === "done" && <Done caption={state.caption} seconds={state.seconds} />}
      {state.step === "failed" && (
        <>
          <p className="problem">{state.message}</p>
          <button onClick={onRetry}>Try again</button>
        </>
      )}
    </section>
  );
}

const LONG_WAIT_S = 8;

function Progress({ since, onCancel }: { since: number; onCancel: () => void }) {
  const [seconds, setSeconds] = useState(0);

  useEffect(() => {
    const timer = setInterval(() => setSeconds((Date.now() - since) / 1000), 100);
    return () => clearInterval(timer);
  }, [since]);

  return (
    <>
      <div className="bar" aria-hidden="true" />
      <p>
        {seconds < LONG_WAIT_S ? "Looking at your photo" : "A worker is starting; the first photo takes longest"}
        <time className="elapsed" aria-hidden="true">
          {seconds.toFixed(1)} s
        </time>
      </p>
      <button onClick={onCancel}>Cancel</button>
    </>
  );
}

function Done({ caption, seconds }: { caption: string; seconds: number }) {
  return (
    <>
      <p className="caption">{caption}</p>
      <p className="footnote">
        <Copy text={caption} />
        <span>{seconds.toFixed(1)} s</span>
      </p>
    </>
  );
}

function Copy({ text }: { text: string }) {
  const [label, setLabel] = useState("Copy");

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setLabel("Copied");
    } catch {
      setLabel("Select the text and copy it"); // no clipboard outside https and localhost
    }
  };
  return <button onClick={copy}>{label}</button>;
}

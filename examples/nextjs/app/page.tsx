import { Captioner } from "./captioner";

export default function Page() {
  return (
    <main>
      <header>
        <h1>Vignette</h1>
        <p>Drop a photo and read what it shows.</p>
      </header>
      <Captioner />
    </main>
  );
}

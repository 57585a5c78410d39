// A loop over frames: tick(milliseconds since the last frame) runs while the loop plays and the page is visible.
const stillness = matchMedia("(prefers-reduced-motion: reduce)");  // then nothing moves without a click

class Loop {
  constructor(tick, changed = () => {}) { this.tick = tick; this.changed = changed; this.frame = 0; }
  get playing() { return this.frame !== 0; }
  play() {
    if (this.playing) return;
    let before = performance.now();
    const next = (now) => {
      this.frame = requestAnimationFrame(next);
      this.tick(Math.min(now - before, 100));
      before = now;
    };
    this.frame = requestAnimationFrame(next);
    this.changed();
  }
  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.changed();
  }
  toggle() { if (this.playing) this.pause(); else this.play(); }
}

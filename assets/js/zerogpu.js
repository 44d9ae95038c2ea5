// On a ZeroGPU Space the page around the frame knows whose GPU time a run is taken from; Gradio has told us whether it answers.

/** The headers that say so, for a request that starts a run; none anywhere else. */
export function visitorHeaders() {
  const answers = window.supports_zerogpu_headers && window.parent !== window && location.hostname.endsWith(".hf.space");
  if (!answers) return Promise.resolve({});
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    const settle = (headers) => {
      channel.port1.close();
      resolve(headers ?? {});
    };
    channel.port1.onmessage = ({ data }) => settle(data);
    setTimeout(settle, 2000); // a run without them is better than none
    window.parent.postMessage("zerogpu-headers", "https://huggingface.co", [channel.port2]);
  });
}

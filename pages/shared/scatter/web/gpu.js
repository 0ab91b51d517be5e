// Drawing with WebGL2: one draw call per panel. Uploaded arrays are also held in memory, to restore a lost context.

const VERTEX = `#version 300 es
precision highp float;
in vec2 from; in vec2 to; in float code; in float oldCode; in float flags; in float density;
uniform vec2 center, scale; uniform float morph, blend, size, cellSide, singled, heapMost;
uniform sampler2D palette, oldPalette; uniform vec4 context;
out vec4 color; flat out float diamond;
vec4 paletteAt(sampler2D which, float at) { return texelFetch(which, ivec2(int(at + 0.5), 0), 0); }
void main() {
  vec2 place = mix(from, to, morph);
  int bits = int(flags + 0.5);
  bool inFront = (bits & 1) == 1 && (singled < 1.5 || (bits & 2) == 2);
  // expected overlap here: overlapping points are more transparent, sparse ones larger
  float heap = (exp2(density / 16.0) - 1.0) / (cellSide * cellSide) * size * size;
  // of strongly overlapping points a subset is drawn, unless rows are selected; zooming in shows all
  float lot = fract(sin(float(gl_VertexID) * 12.9898) * 43758.5453);
  bool spared = inFront && singled > 0.5 || lot * heap <= heapMost;
  bool here = spared && place.x == place.x && place.y == place.y;
  gl_Position = here ? vec4((place - center) * scale, inFront ? 0.0 : 0.5, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size * (inFront ? mix(1.5, 1.0, smoothstep(0.0, 0.7, heap)) : 0.8) + 1.0;
  vec4 hue = mix(paletteAt(oldPalette, oldCode), paletteAt(palette, code), blend);
  diamond = hue.a < 0.75 ? 1.0 : 0.0;
  float alpha = clamp(0.9 / sqrt(clamp(heap, 1.0, heapMost)), 0.14, 0.9);
  color = inFront ? vec4(hue.rgb, alpha) : vec4(context.rgb, context.a * alpha);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 color; flat in float diamond; out vec4 shown;
void main() {
  vec2 off = abs(gl_PointCoord * 2.0 - 1.0);
  float far = diamond > 0.5 ? off.x + off.y : length(off);
  float alpha = color.a * (1.0 - smoothstep(0.75, 1.0, far));
  if (alpha < 0.01) discard;
  shown = vec4(color.rgb * alpha, alpha);
}`;

const NAMES = ["from", "to", "code", "oldCode", "flags", "density"];
const UNIFORMS = ["center", "scale", "morph", "blend", "size", "cellSide", "singled", "heapMost", "palette", "oldPalette", "context"];

// The WebGL2 context of a canvas, or null.
export function openGpu(canvas) {
  const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, preserveDrawingBuffer: true, powerPreference: "high-performance" });
  return gl ? new Gpu(gl) : null;
}

class Gpu {
  constructor(gl) {
    this.gl = gl;
    this.buffers = new Map(); // by name: {array, buffer}
    this.palettes = new Map();
    this.prepare();
  }

  // Creates the program; after a lost context also uploads all arrays again.
  prepare() {
    const gl = this.gl;
    this.program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    NAMES.forEach((name, place) => gl.bindAttribLocation(this.program, place, name));
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(this.program));
    this.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    for (const [name, { array }] of [...this.buffers]) this.upload(name, array, true);
    for (const [name, { colors }] of [...this.palettes]) this.setPalette(name, colors);
  }

  // Uploads an array under a name, unless it is uploaded already.
  upload(name, array, again = false) {
    const gl = this.gl, known = this.buffers.get(name);
    if (known && known.array === array && !again) return;
    const buffer = again || !known ? gl.createBuffer() : known.buffer;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, array, gl.DYNAMIC_DRAW);
    this.buffers.set(name, { array, buffer });
  }

  // Uploads an array whose values have changed.
  refresh(name, array) {
    if (this.buffers.get(name)?.array !== array) return this.upload(name, array);
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.get(name).buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, array);
  }

  drop(name) {
    const known = this.buffers.get(name);
    if (known) this.gl.deleteBuffer(known.buffer);
    this.buffers.delete(name);
  }

  // colors: 256 times red, green, blue, alpha; alpha below 192 draws diamonds.
  setPalette(name, colors) {
    const gl = this.gl, texture = gl.createTexture();
    gl.deleteTexture(this.palettes.get(name)?.texture ?? null);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colors);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.palettes.set(name, { colors, texture });
  }

  clear(width, height) {
    const gl = this.gl;
    gl.viewport(0, 0, width, height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  }

  // box: {left, bottom, width, height} in device pixels. look: uniforms. every: draw only every n-th point.
  draw(box, names, look, count, every = 1) {
    const gl = this.gl;
    gl.useProgram(this.program);
    gl.viewport(box.left, box.bottom, box.width, box.height);
    gl.scissor(box.left, box.bottom, box.width, box.height);
    gl.enable(gl.SCISSOR_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST); // selected points over the gray ones, whatever their order
    gl.depthFunc(gl.LEQUAL);
    ["palette", "oldPalette"].forEach((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.palettes.get(name).texture);
      gl.uniform1i(this.at[name], unit);
    });
    NAMES.forEach((name, place) => {
      const width = place < 2 ? 2 : 1;
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.get(names[name]).buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, place < 2 ? gl.FLOAT : gl.UNSIGNED_BYTE, false, (place < 2 ? 8 : 1) * every, 0);
    });
    gl.uniform2f(this.at.center, look.x, look.y);
    gl.uniform2f(this.at.scale, look.scaleX, look.scaleY);
    gl.uniform4f(this.at.context, ...look.context);
    for (const name of ["morph", "blend", "size", "cellSide", "singled", "heapMost"]) gl.uniform1f(this.at[name], look[name]);
    gl.drawArrays(gl.POINTS, 0, Math.floor(count / every));
  }
}

"""An example of an implementation behind protocol.md, with the standard library alone. It knows canonical
JSON and event ids: roomdag conformance spec-vectors --command 'python3 spec-vectors/adapter.py'"""
import base64, hashlib, json, math, sys, threading

def members(pairs):  # two members of one name: parsers differ over which counts
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a repeated key")
    return dict(pairs)

def number(text):  # floats: only in lenient mode, and only finite ones
    if not math.isfinite(value := float(text)):
        raise ValueError("not finite")
    return value

def refuse(text):
    raise ValueError(f"{text} is no number of strict canonical JSON")

def integer(text):
    return int(text) if abs(int(text)) < 2**53 else refuse(text)

def parse(text, strict):
    return json.loads(text, object_pairs_hook=members, parse_constant=refuse,
                      parse_float=refuse if strict else number, parse_int=integer if strict else int)

def canonical(value):  # encoding refuses half a surrogate pair
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

def canonical_json(data, version):
    raw = bytes.fromhex(data["hex"]) if "hex" in data else data["text"].encode()
    try:
        return {"ok": True, "output": canonical(parse(raw.decode(), data["mode"] == "strict")).decode()}
    except ValueError:
        return {"ok": False}

def event_id(data, version):
    event = {key: value for key, value in data["event"].items() if key not in ("signatures", "unsigned")}
    digest = base64.b64encode(hashlib.sha256(canonical(event)).digest()).decode().rstrip("=")
    hashed = "$" + (digest if version == "3" else digest.replace("+", "-").replace("/", "_"))
    return {"event_id": event.get("event_id") if version in ("1", "2") else hashed, "reference_hash": digest}

QUESTIONS = {"canonical_json": canonical_json, "event_id": event_id}

def serve():
    for line in sys.stdin:
        request = parse(line, False)
        answer = QUESTIONS.get(request["question"])
        reply = {"answer": answer(request["input"], request.get("room_version"))} if answer else {"unsupported": True}
        print(json.dumps({"id": request["id"], **reply}), flush=True)

sys.set_int_max_str_digits(0); sys.setrecursionlimit(10**6)
threading.stack_size(512 << 20); threading.Thread(target=serve).start()  # json recurses on what is deep

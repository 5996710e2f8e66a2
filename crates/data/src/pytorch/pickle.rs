//! The stack machine of Python's pickles, without its calls.
//!
//! Values live in one list and refer to one another by number, so that neither depth nor circles
//! of a hostile file cost anything: nothing here recurses.

use std::collections::HashMap;

/// A value on the stack.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value {
    /// None, a bool, or a number that is not an integer: nothing of these is needed.
    Other,
    Int(i64),
    /// A number of [`Tree::nodes`].
    Node(usize),
}

/// A value with parts.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    /// A tuple, a list or a set.
    List(Vec<Value>),
    Dictionary(Vec<(Value, Value)>),
    /// `module.name`, which is never looked up.
    Global(String),
    Storage(Storage),
    Tensor(TensorNode),
    /// The result of a call that is not made.
    NotCalled,
}

/// Where elements lie.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// `FloatStorage` and the like.
    pub(super) kind: String,
    pub(super) key: String,
    pub(super) elements: usize,
}

/// A view of a storage.
#[derive(Clone, Debug)]
pub(super) struct TensorNode {
    pub(super) storage: Storage,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// What a pickle makes.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) result: Value,
}

impl Tree {
    fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(k) => self.nodes.get(k),
            Value::Int(_) | Value::Other => None,
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&str> {
        match self.node(value)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn dictionary(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.node(value)? {
            Node::Dictionary(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn tensor(&self, value: Value) -> Option<&TensorNode> {
        match self.node(value)? {
            Node::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    fn list(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::List(items) => Some(items),
            _ => None,
        }
    }

    fn counts(&self, value: Value) -> Option<Vec<usize>> {
        let count = |value: &Value| match value {
            Value::Int(n) => usize::try_from(*n).ok(),
            Value::Node(_) | Value::Other => None,
        };
        self.list(value)?.iter().map(count).collect()
    }

    /// What a value is, for a message.
    pub(super) fn kind(&self, value: Value) -> &'static str {
        match self.node(value) {
            Some(Node::Text(_)) => "a text",
            Some(Node::List(_)) => "a list",
            Some(Node::Dictionary(_)) => "a dictionary",
            Some(Node::Tensor(_)) => "a single tensor",
            Some(Node::Global(_) | Node::NotCalled) => {
                "an object (a whole model: save its state_dict instead)"
            }
            Some(Node::Storage(_)) => "a storage",
            None => "a number",
        }
    }
}

/// The byte at which a pickle is wrong, and how.
type Wrong = (usize, String);

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack where marks are.
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    tree: Tree,
}

/// Runs a pickle to its end.
pub(super) fn run(bytes: &[u8]) -> Result<Tree, Wrong> {
    let tree = Tree { nodes: vec![], result: Value::Other };
    let mut machine =
        Machine { bytes, at: 0, stack: vec![], marks: vec![], memo: HashMap::new(), tree };
    loop {
        let at = machine.at;
        match machine.step() {
            Ok(true) => {}
            Ok(false) => return Ok(machine.tree),
            Err(wrong) => return Err((at, wrong)),
        }
    }
}

impl Machine<'_> {
    fn take(&mut self, n: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(n).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or("the pickle ends within an operation")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// An unsigned number of `n` bytes, the lowest first.
    fn number(&mut self, n: usize) -> Result<u64, String> {
        Ok(self.take(n)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// A text whose length takes `n` bytes.
    fn text(&mut self, n: usize) -> Result<String, String> {
        let length = usize::try_from(self.number(n)?).map_err(|e| e.to_string())?;
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8".into())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&b| b == b'\n').ok_or("a line does not end")?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(line)
    }

    fn push(&mut self, node: Node) {
        self.tree.nodes.push(node);
        self.stack.push(Value::Node(self.tree.nodes.len() - 1));
    }

    fn pop(&mut self) -> Result<Value, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("the stack is empty".into());
        }
        self.stack.pop().ok_or_else(|| "the stack is empty".into())
    }

    /// What has been pushed since the last mark.
    fn since_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or("there is no mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn pop_text(&mut self) -> Result<String, String> {
        let value = self.pop()?;
        self.tree.text(value).map(String::from).ok_or_else(|| "a name is not a text".into())
    }

    fn remember(&mut self, key: u64) -> Result<(), String> {
        let top = *self.stack.last().ok_or("the stack is empty")?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), String> {
        let value = *self.memo.get(&key).ok_or("nothing is remembered under a number")?;
        self.stack.push(value);
        Ok(())
    }

    /// Adds to the container on top of the stack. What is put into an object is left out.
    fn extend(&mut self, items: &[Value], pairs: bool) -> Result<(), String> {
        let top = *self.stack.last().ok_or("the stack is empty")?;
        let Value::Node(k) = top else { return Err("a number holds nothing".into()) };
        match &mut self.tree.nodes[k] {
            Node::List(list) if !pairs => list.extend(items),
            Node::Dictionary(dictionary) if pairs && items.len().is_multiple_of(2) => {
                dictionary.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            Node::NotCalled => {}
            _ => return Err("items for what does not hold such".into()),
        }
        Ok(())
    }

    /// A call: tensors and dictionaries are made, nothing else is.
    fn call(&mut self, function: Value, arguments: Value) -> Result<(), String> {
        let tree = &self.tree;
        let name = match tree.node(function) {
            Some(Node::Global(name)) => name.as_str(),
            _ => "",
        };
        let arguments = tree.list(arguments).ok_or("a call without a tuple of arguments")?;
        let node = match (name, arguments) {
            ("collections.OrderedDict", []) => Node::Dictionary(vec![]),
            (
                "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor",
                [storage, offset, shape, strides, ..],
            ) => {
                let storage = match tree.node(*storage) {
                    Some(Node::Storage(storage)) => storage.clone(),
                    _ => return Err("a tensor without a storage".into()),
                };
                let Value::Int(offset) = *offset else {
                    return Err("a tensor whose offset is no number".into());
                };
                let offset = usize::try_from(offset).map_err(|_| "a negative offset")?;
                let shape = tree.counts(*shape).ok_or("a shape that is not one")?;
                let strides = tree.counts(*strides).ok_or("steps that are not counts")?;
                if shape.len() != strides.len() {
                    return Err("a tensor with more axes than steps, or fewer".into());
                }
                Node::Tensor(TensorNode { storage, offset, shape, strides })
            }
            ("torch._utils._rebuild_parameter", [tensor, ..]) => {
                let tensor = tree.tensor(*tensor).ok_or("a parameter that is no tensor")?;
                Node::Tensor(tensor.clone())
            }
            ("torch.Size", [shape]) => Node::List(tree.list(*shape).unwrap_or(&[]).to_vec()),
            _ => Node::NotCalled,
        };
        self.push(node);
        Ok(())
    }

    /// `("storage", type, key, device, elements)`.
    fn storage(&mut self, id: Value) -> Result<(), String> {
        let tree = &self.tree;
        let storage = match tree.list(id) {
            Some(&[word, kind, key, _, Value::Int(elements)])
                if tree.text(word) == Some("storage") =>
            {
                let kind = match tree.node(kind) {
                    Some(Node::Global(name)) => name.rsplit('.').next().unwrap_or(name),
                    _ => "",
                };
                let key = tree.text(key).ok_or("a storage whose key is no text")?;
                // A name inside the archive's folder, no way out of it.
                if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return Err("a storage with a strange key".into());
                }
                let elements = usize::try_from(elements).map_err(|_| "a negative size")?;
                Storage { kind: kind.to_string(), key: key.to_string(), elements }
            }
            _ => return Err("a reference to what is no storage".into()),
        };
        self.push(Node::Storage(storage));
        Ok(())
    }

    /// One operation; false after the last.
    fn step(&mut self) -> Result<bool, String> {
        let operation = self.take(1)?[0];
        match operation {
            // PROTO, FRAME
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'.' => {
                self.tree.result = self.pop()?;
                return Ok(false);
            }
            // None, bools, floats.
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Other);
            }
            // Integers.
            b'K' => {
                let n = self.number(1)?;
                self.stack.push(Value::Int(n as i64));
            }
            b'M' => {
                let n = self.number(2)?;
                self.stack.push(Value::Int(n as i64));
            }
            b'J' => {
                let n = self.number(4)? as u32;
                self.stack.push(Value::Int(i64::from(n.cast_signed())));
            }
            0x8a => {
                let length = self.number(1)? as usize;
                let bytes = self.take(length)?;
                let negative = bytes.last().is_some_and(|&b| b >= 0x80);
                // A longer one is nothing that is counted here.
                let value = (length <= 8).then(|| {
                    let mut all = [if negative { 0xff } else { 0 }; 8];
                    all[..length].copy_from_slice(bytes);
                    Value::Int(i64::from_le_bytes(all))
                });
                self.stack.push(value.unwrap_or(Value::Other));
            }
            // Texts and bytes.
            b'X' => {
                let text = self.text(4)?;
                self.push(Node::Text(text));
            }
            0x8c => {
                let text = self.text(1)?;
                self.push(Node::Text(text));
            }
            0x8d => {
                let text = self.text(8)?;
                self.push(Node::Text(text));
            }
            b'U' | b'C' | b'T' | b'B' => {
                let length = self.number(if matches!(operation, b'U' | b'C') { 1 } else { 4 })?;
                self.take(usize::try_from(length).map_err(|e| e.to_string())?)?;
                self.stack.push(Value::Other);
            }
            // Containers.
            b'}' => self.push(Node::Dictionary(vec![])),
            b']' | b')' | 0x8f => self.push(Node::List(vec![])),
            b'(' => self.marks.push(self.stack.len()),
            b't' | b'l' | 0x91 => {
                let items = self.since_mark()?;
                self.push(Node::List(items));
            }
            0x85..=0x87 => {
                let mut items = vec![];
                for _ in 0x84..operation {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Node::List(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item], false)?;
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.extend(&items, false)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.extend(&[key, value], true)?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.extend(&items, true)?;
            }
            // The stack and the memo.
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'q' => {
                let key = self.number(1)?;
                self.remember(key)?;
            }
            b'r' => {
                let key = self.number(4)?;
                self.remember(key)?;
            }
            0x94 => self.remember(self.memo.len() as u64)?,
            b'h' => {
                let key = self.number(1)?;
                self.recall(key)?;
            }
            b'j' => {
                let key = self.number(4)?;
                self.recall(key)?;
            }
            // Names, calls, objects.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Node::Global(format!("{module}.{name}")));
            }
            0x93 => {
                let name = self.pop_text()?;
                let module = self.pop_text()?;
                self.push(Node::Global(format!("{module}.{name}")));
            }
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let function = self.pop()?;
                self.call(function, arguments)?;
            }
            // An object's state is left out; so are a dictionary's attributes.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let id = self.pop()?;
                self.storage(id)?;
            }
            other => {
                return Err(format!("operation {other:#04x} is not one of state dictionaries"));
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_not_made() {
        // os.system("true"), as the classic attack has it.
        let tree = run(b"cos\nsystem\n(X\x04\x00\x00\x00truetR.").unwrap();
        assert!(matches!(tree.node(tree.result), Some(Node::NotCalled)));
    }

    #[test]
    fn depth_circles_and_emptiness_cost_nothing() {
        let mut deep = vec![b']'];
        deep.extend([0x85].repeat(1_000_000));
        deep.push(b'.');
        assert!(run(&deep).is_ok());
        // A list that holds itself.
        assert!(run(b"]q\x00h\x00a.").is_ok());
        for wrong in
            [&b""[..], b".", b"R.", b"t.", b"(0.", b"h\x05.", b"X\xff\xff\xff\xff.", b"Ka", b"Q."]
        {
            assert!(run(wrong).is_err(), "{wrong:?}");
        }
    }
}

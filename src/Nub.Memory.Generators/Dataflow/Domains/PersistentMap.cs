using System.Collections;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>
/// A map that is never changed, of which a changed one shares nearly everything: a Patricia tree over the hash codes of the keys
/// (Okasaki and Gill, "Fast Mergeable Integer Maps", 1998).
/// </summary>
/// <remarks>
/// The shape of such a tree follows from its keys alone. Where two ways through a method meet, whatever neither of them has changed
/// is therefore the same object in both, and is passed over: to join costs what the ways differ in, not what is known in all. With
/// <see cref="System.Collections.Immutable.ImmutableDictionary{TKey, TValue}"/> a method of many reads took time that grew with the
/// square of their number.
/// </remarks>
internal sealed class PersistentMap<TKey, TValue> : IEnumerable<KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    private readonly Node? _root;

    private PersistentMap(Node? root) => _root = root;

    public static PersistentMap<TKey, TValue> Empty { get; } = new(null);

    public bool IsEmpty => _root is null;

    public IEnumerable<TKey> Keys => this.Select(static one => one.Key);

    public bool ContainsKey(TKey key) => TryGetValue(key, out _);

    public bool TryGetValue(TKey key, out TValue value)
    {
        uint hash = HashOf(key);
        Node? node = _root;
        while (node is Branch branch)
        {
            node = (hash & branch.Bit) == 0 ? branch.Left : branch.Right;
        }

        for (var leaf = (Leaf?)node; leaf is not null && leaf.Hash == hash; leaf = leaf.Next)
        {
            if (Equal(leaf.Key, key))
            {
                value = leaf.Value;
                return true;
            }
        }

        value = default!;
        return false;
    }

    /// <summary>The map with a value for a key: this one, when it has that already.</summary>
    public PersistentMap<TKey, TValue> SetItem(TKey key, TValue value) => With(Insert(_root, HashOf(key), key, value));

    /// <summary>The map without a key: this one, when it has none such.</summary>
    public PersistentMap<TKey, TValue> Remove(TKey key) => With(Remove(_root, HashOf(key), key));

    /// <summary>The map without some keys, which may be taken from the map itself.</summary>
    public PersistentMap<TKey, TValue> RemoveRange(IEnumerable<TKey> keys)
    {
        PersistentMap<TKey, TValue> map = this;
        foreach (TKey key in keys)
        {
            map = map.Remove(key);
        }

        return map;
    }

    /// <summary>The keys that have another value here than there, or a value only in one of the two.</summary>
    public IReadOnlyList<TKey> DifferencesTo(PersistentMap<TKey, TValue> other)
    {
        if (_root == other._root)
        {
            return [];
        }

        var keys = new List<TKey>();
        AddDifferences(_root, other._root, keys, int.MaxValue);
        return keys;
    }

    /// <summary>Whether no key has another value there.</summary>
    public bool IsSameAs(PersistentMap<TKey, TValue> other)
    {
        if (_root == other._root)
        {
            return true;
        }

        var keys = new List<TKey>();
        AddDifferences(_root, other._root, keys, most: 1);
        return keys.Count == 0;
    }

    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator()
    {
        var open = new Stack<Node>();
        if (_root is not null)
        {
            open.Push(_root);
        }

        while (open.Count > 0)
        {
            Node node = open.Pop();
            if (node is Branch branch)
            {
                open.Push(branch.Right);
                open.Push(branch.Left);
                continue;
            }

            for (var leaf = (Leaf?)node; leaf is not null; leaf = leaf.Next)
            {
                yield return new KeyValuePair<TKey, TValue>(leaf.Key, leaf.Value);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // A tree is no deeper than a hash code has bits.
    private static void AddDifferences(Node? mine, Node? theirs, List<TKey> keys, int most)
    {
        if (mine == theirs || keys.Count >= most)
        {
            return;
        }

        if (mine is Branch one && theirs is Branch two && one.Bit == two.Bit && one.Prefix == two.Prefix)
        {
            AddDifferences(one.Left, two.Left, keys, most);
            AddDifferences(one.Right, two.Right, keys, most);
        }
        else if (mine is Branch larger && (theirs is null || Covers(larger, theirs)))
        {
            bool isRight = theirs is not null && (theirs.Prefix & larger.Bit) != 0;
            AddDifferences(larger.Left, isRight ? null : theirs, keys, most);
            AddDifferences(larger.Right, isRight ? theirs : null, keys, most);
        }
        else if (theirs is Branch covering && (mine is null || Covers(covering, mine)))
        {
            bool isRight = mine is not null && (mine.Prefix & covering.Bit) != 0;
            AddDifferences(isRight ? null : mine, covering.Left, keys, most);
            AddDifferences(isRight ? mine : null, covering.Right, keys, most);
        }
        else if (mine is not null && theirs is not null && (mine is Branch || theirs is Branch || mine.Prefix != theirs.Prefix))
        {
            AddDifferences(mine, null, keys, most);
            AddDifferences(null, theirs, keys, most);
        }
        else
        {
            AddDifferent((Leaf?)mine, (Leaf?)theirs, keys);
        }
    }

    private PersistentMap<TKey, TValue> With(Node? root) => root == _root ? this : root is null ? Empty : new PersistentMap<TKey, TValue>(root);

    private static uint HashOf(TKey key) => unchecked((uint)key.GetHashCode());

    private static bool Equal(TKey one, TKey other) => EqualityComparer<TKey>.Default.Equals(one, other);

    // Whether what stands below a branch may hold the hash codes of another node.
    private static bool Covers(Branch branch, Node node) =>
        (node is Leaf || ((Branch)node).Bit < branch.Bit) && branch.Prefix == PrefixOf(node.Prefix, branch.Bit);

    // The bits above one.
    private static uint PrefixOf(uint hash, uint bit) => hash & ~((bit << 1) - 1);

    private static Node Insert(Node? node, uint hash, TKey key, TValue value)
    {
        switch (node)
        {
            case null:
                return new Leaf(hash, key, value, null);
            case Leaf leaf when leaf.Hash == hash:
                return Put(leaf, hash, key, value);
            case Branch branch when PrefixOf(hash, branch.Bit) == branch.Prefix:
                if ((hash & branch.Bit) == 0)
                {
                    Node left = Insert(branch.Left, hash, key, value);
                    return left == branch.Left ? branch : new Branch(branch.Prefix, branch.Bit, left, branch.Right);
                }

                Node right = Insert(branch.Right, hash, key, value);
                return right == branch.Right ? branch : new Branch(branch.Prefix, branch.Bit, branch.Left, right);
            default:
                uint bit = HighestBit(hash ^ node.Prefix);
                var added = new Leaf(hash, key, value, null);
                return (hash & bit) == 0 ? new Branch(PrefixOf(hash, bit), bit, added, node) : new Branch(PrefixOf(hash, bit), bit, node, added);
        }
    }

    private static Node? Remove(Node? node, uint hash, TKey key)
    {
        switch (node)
        {
            case Leaf leaf when leaf.Hash == hash:
                return Without(leaf, key);
            case Branch branch when PrefixOf(hash, branch.Bit) == branch.Prefix:
                if ((hash & branch.Bit) == 0)
                {
                    Node? left = Remove(branch.Left, hash, key);
                    return left == branch.Left ? branch : left is null ? branch.Right : new Branch(branch.Prefix, branch.Bit, left, branch.Right);
                }

                Node? right = Remove(branch.Right, hash, key);
                return right == branch.Right ? branch : right is null ? branch.Left : new Branch(branch.Prefix, branch.Bit, branch.Left, right);
            default:
                return node;
        }
    }

    // Keys of one hash code stand in a row.
    private static Leaf Put(Leaf first, uint hash, TKey key, TValue value)
    {
        for (Leaf? leaf = first; leaf is not null; leaf = leaf.Next)
        {
            if (Equal(leaf.Key, key))
            {
                return EqualityComparer<TValue>.Default.Equals(leaf.Value, value) ? first : new Leaf(hash, key, value, Without(first, key));
            }
        }

        return new Leaf(hash, key, value, first);
    }

    private static Leaf? Without(Leaf? leaf, TKey key)
    {
        if (leaf is null || Equal(leaf.Key, key))
        {
            return leaf?.Next;
        }

        Leaf? rest = Without(leaf.Next, key);
        return rest == leaf.Next ? leaf : new Leaf(leaf.Hash, leaf.Key, leaf.Value, rest);
    }

    private static void AddDifferent(Leaf? mine, Leaf? theirs, List<TKey> keys)
    {
        for (Leaf? leaf = mine; leaf is not null; leaf = leaf.Next)
        {
            if (Find(theirs, leaf.Key) is not { } same || !EqualityComparer<TValue>.Default.Equals(same.Value, leaf.Value))
            {
                keys.Add(leaf.Key);
            }
        }

        for (Leaf? leaf = theirs; leaf is not null; leaf = leaf.Next)
        {
            if (Find(mine, leaf.Key) is null)
            {
                keys.Add(leaf.Key);
            }
        }
    }

    private static Leaf? Find(Leaf? leaf, TKey key)
    {
        while (leaf is not null && !Equal(leaf.Key, key))
        {
            leaf = leaf.Next;
        }

        return leaf;
    }

    private static uint HighestBit(uint value)
    {
        for (int shift = 1; shift < 32; shift <<= 1)
        {
            value |= value >> shift;
        }

        return value ^ (value >> 1);
    }

    /// <param name="prefix">Of a leaf the hash code; of a branch the bits that all of them below it have in common, above <see cref="Branch.Bit"/>.</param>
    private abstract class Node(uint prefix)
    {
        public uint Prefix { get; } = prefix;
    }

    private sealed class Branch(uint prefix, uint bit, Node left, Node right) : Node(prefix)
    {
        public uint Bit { get; } = bit;

        public Node Left { get; } = left;

        public Node Right { get; } = right;
    }

    private sealed class Leaf(uint hash, TKey key, TValue value, Leaf? next) : Node(hash)
    {
        public uint Hash => Prefix;

        public TKey Key { get; } = key;

        public TValue Value { get; } = value;

        public Leaf? Next { get; } = next;
    }
}

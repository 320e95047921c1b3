using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>The map that states are made of, against the framework's dictionary.</summary>
public sealed class PersistentMapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public void It_does_what_a_dictionary_does(int hashCodes)
    {
        var random = new Random(20261124);
        PersistentMap<Key, int> map = PersistentMap<Key, int>.Empty;
        PersistentMap<Key, int> earlier = map;
        var expected = new Dictionary<Key, int>();
        var before = new Dictionary<Key, int>();
        for (int i = 0; i < 3_000; i++)
        {
            // Negative ones, too: a hash code may have its highest bit set.
            var key = new Key(random.Next(-60, 60), hashCodes);
            if (random.Next(3) == 0)
            {
                map = map.Remove(key);
                expected.Remove(key);
            }
            else
            {
                int value = random.Next(3);
                map = map.SetItem(key, value);
                expected[key] = value;
                Assert.Same(map, map.SetItem(key, value));
            }

            Assert.Equal(expected.TryGetValue(key, out int known), map.TryGetValue(key, out int found));
            Assert.Equal(known, found);
            if (i % 40 == 0)
            {
                Assert.Equal(expected.Count == 0, map.IsEmpty);
                Assert.Equal(expected.OrderBy(static one => one.Key.Number), map.OrderBy(static one => one.Key.Number));

                // In both directions, each key once.
                Key[] different = [.. expected.Keys.Union(before.Keys)
                    .Where(one => expected.TryGetValue(one, out int now) != before.TryGetValue(one, out int then) || now != then)
                    .OrderBy(static one => one.Number)];
                Assert.Equal(different, map.DifferencesTo(earlier).OrderBy(static one => one.Number));
                Assert.Equal(different, earlier.DifferencesTo(map).OrderBy(static one => one.Number));
                Assert.Empty(map.DifferencesTo(map));
                Assert.Equal(different.Length == 0, map.IsSameAs(earlier));
                Assert.Equal(different.Length == 0, earlier.IsSameAs(map));
            }

            if (random.Next(100) == 0)
            {
                (earlier, before) = (map, new Dictionary<Key, int>(expected));
            }
        }
    }

    /// <summary>A key of which several may have the same hash code.</summary>
    private readonly record struct Key(int Number, int HashCodes)
    {
        public override int GetHashCode() => Number % HashCodes;
    }
}

namespace Nub.Memory.Tests;

/// <summary>Layers: files that have what differs from a base, which the caller supplies.</summary>
public sealed class SnapshotLayerTests : IDisposable
{
    private static readonly int s_page = (int)Pair.Page;

    private readonly SnapshotFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_layer_has_what_differs()
    {
        byte[] bytes = SnapshotFolder.Pattern(64);
        using SharedMemorySnapshot whole = SharedMemorySnapshot.Open(_folder.Save("base", bytes));
        bytes[5 * s_page]++;
        bytes[40 * s_page + 1]++;
        bytes.AsSpan(20 * s_page, s_page).Clear();
        string path = _folder.Save("layer", bytes, whole);
        SharedMemorySnapshotInfo info = SharedMemorySnapshot.ReadInfo(path);
        Assert.Equal(whole.ContentHash, info.BaseHash);
        Assert.Equal(2 * (ulong)s_page, info.StoredSize);
        foreach (SharedMemorySnapshot opened in (SharedMemorySnapshot[])[SharedMemorySnapshot.Open(path, whole), SharedMemorySnapshot.OpenTrusted(path, whole)])
        {
            using (opened)
            {
                Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
                Assert.Equal(info.ContentHash, opened.ContentHash);
            }
        }
    }

    [Fact]
    public void A_layer_of_the_same_bytes_stores_nothing()
    {
        byte[] bytes = SnapshotFolder.Pattern(30);
        using SharedMemorySnapshot whole = SharedMemorySnapshot.Open(_folder.Save("base", bytes));
        string path = _folder.Save("layer", bytes, whole);
        Assert.Equal(s_page, new FileInfo(path).Length);
        using SharedMemorySnapshot opened = SharedMemorySnapshot.OpenTrusted(path, whole);
        Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
        Assert.Equal(whole.ContentHash, opened.ContentHash);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forty_layers_are_opened_one_over_another_and_flattened(bool trusted)
    {
        byte[] bytes = SnapshotFolder.Pattern(50);
        SharedMemorySnapshot top = Open(_folder.Save("0", bytes), null);
        var random = new Random(3);
        for (int depth = 1; depth <= 40; depth++)
        {
            for (int i = 0; i < 6; i++)
            {
                Span<byte> page = bytes.AsSpan(random.Next(50) * s_page, s_page);
                random.NextBytes(page);
                if (i == 5)
                {
                    page.Clear();
                }
            }

            using SharedMemorySnapshot below = top;
            top = Open(_folder.Save($"{depth}", bytes, below), below);
            Assert.Equal(bytes, SnapshotFolder.BytesOf(top));
        }

        using (top)
        {
            top.Save(_folder["flat"]);
            using SharedMemorySnapshot flat = SharedMemorySnapshot.Open(_folder["flat"]);
            Assert.Null(SharedMemorySnapshot.ReadInfo(_folder["flat"]).BaseHash);
            Assert.Equal(bytes, SnapshotFolder.BytesOf(flat));
            Assert.Equal(top.ContentHash, flat.ContentHash);

            // A layer of the layered one fits the flattened one.
            bytes[0]++;
            string further = _folder.Save("further", bytes, top);
            using SharedMemorySnapshot opened = Open(further, flat);
            Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
        }

        SharedMemorySnapshot Open(string path, SharedMemorySnapshot? below) =>
            trusted ? SharedMemorySnapshot.OpenTrusted(path, below) : SharedMemorySnapshot.Open(path, below);
    }

    [Fact]
    public void A_base_that_is_missing_or_another_one_is_refused()
    {
        byte[] bytes = SnapshotFolder.Pattern(20);
        using SharedMemorySnapshot whole = SharedMemorySnapshot.Open(_folder.Save("base", bytes));
        using SharedMemorySnapshot other = SharedMemorySnapshot.Open(_folder.Save("other", SnapshotFolder.Pattern(20, 8)));
        using SharedMemorySnapshot larger = SharedMemorySnapshot.Open(_folder.Save("larger", [.. bytes, .. new byte[s_page]]));
        bytes[0]++;
        string layer = _folder.Save("layer", bytes, whole);
        foreach (Func<string, SharedMemorySnapshot?, SharedMemorySnapshot> open in (Func<string, SharedMemorySnapshot?, SharedMemorySnapshot>[])[SharedMemorySnapshot.Open, SharedMemorySnapshot.OpenTrusted])
        {
            Assert.Equal(SharedMemorySnapshotError.BaseMissing, Refusal(() => open(layer, null)).Error);
            Assert.Equal(SharedMemorySnapshotError.BaseMismatch, Refusal(() => open(layer, other)).Error);
            Assert.Equal(SharedMemorySnapshotError.BaseMismatch, Refusal(() => open(layer, larger)).Error);
            SharedMemorySnapshotException unexpected = Refusal(() => open(_folder["other"], whole));
            Assert.Equal(SharedMemorySnapshotError.BaseUnexpected, unexpected.Error);
            Assert.Equal(_folder["other"], unexpected.Path);
        }

        Assert.Contains(whole.ContentHash.ToString(), Refusal(() => SharedMemorySnapshot.Open(layer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_is_saved_of_a_running_machines_view()
    {
        byte[] bytes = SnapshotFolder.Pattern(33);
        using SharedMemorySnapshot whole = SharedMemorySnapshot.OpenTrusted(_folder.Save("base", bytes));
        (HostSharedMemory host, GuestSharedMemory guest) = whole.Memory.MapCopyOnWrite().Build();
        using (host)
        using (guest)
        {
            host.Fill(32 * (ulong)s_page + 5, 3, 0xAB);
            bytes.AsSpan(32 * s_page + 5, 3).Fill(0xAB);
            _ = SharedMemorySnapshot.Save(_folder["layer"], host, whole);
            host.Restore();
            using SharedMemorySnapshot layer = SharedMemorySnapshot.OpenTrusted(_folder["layer"], whole);
            Assert.Equal(bytes, SnapshotFolder.BytesOf(layer));

            // A view of a layer is restored to the layer.
            using ExclusiveSharedMemory view = layer.Memory.MapCopyOnWrite();
            view.CopyFrom(0, new byte[33 * s_page]);
            view.Restore();
            byte[] seen = new byte[bytes.Length];
            view.CopyTo(0, seen);
            Assert.Equal(bytes, seen);
        }
    }

    [Fact]
    public void A_layer_of_too_many_pieces_is_copied_and_checked()
    {
        // Every second page: more pieces than are mapped.
        int pages = 2 * SnapshotPieces.Most + 64;
        byte[] bytes = new byte[pages * s_page];
        using SharedMemorySnapshot whole = SharedMemorySnapshot.Open(_folder.Save("base", bytes));
        for (int page = 0; page < pages; page += 2)
        {
            bytes[page * s_page] = 1;
        }

        using SharedMemorySnapshot opened = SharedMemorySnapshot.OpenTrusted(_folder.Save("layer", bytes, whole), whole);
        Assert.False(opened.IsTrusted);
        Assert.Equal(bytes, SnapshotFolder.BytesOf(opened));
    }

    [Fact]
    public void A_layer_over_a_base_on_trust_is_opened_only_when_the_base_is_whole()
    {
        byte[] bytes = SnapshotFolder.Pattern(64);
        string path = _folder.Save("base", bytes);
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(path);
        bytes[0]++;
        string layer = _folder.Save("layer", bytes, trusted);
        SharedMemorySnapshot.Open(layer, trusted).Dispose();
        using (FileStream file = File.OpenWrite(path))
        {
            // In a chunk that the layer has nothing of.
            file.Position = s_page + 40 * s_page;
            file.WriteByte((byte)~bytes[40 * s_page]);
        }

        if (trusted.IsTrusted)
        {
            SharedMemorySnapshotException refusal = Refusal(() => SharedMemorySnapshot.Open(layer, trusted));
            Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, refusal.Error);
            Assert.Equal(131072UL, refusal.MemoryOffset);
            Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, Refusal(() => trusted.Save(_folder["flat"])).Error);
            Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, Refusal(() => _folder.Save("another", bytes, trusted)).Error);
        }
    }

    [Fact]
    public unsafe void A_snapshot_that_a_guest_writes_through_is_not_saved_as_what_it_was()
    {
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder.Save("one", SnapshotFolder.Pattern(20)));
        _ = opened.Memory.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write);
        opened.Save(_folder["two"]);
        *(byte*)opened.Memory.BaseAddress ^= 1;
        Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, Refusal(() => opened.Save(_folder["two"])).Error);
        using SharedMemorySnapshot two = SharedMemorySnapshot.Open(_folder["two"]);
        Assert.Equal(opened.ContentHash, two.ContentHash);
    }

    private static SharedMemorySnapshotException Refusal(Action action) => Assert.Throws<SharedMemorySnapshotException>(action);

    [Fact]
    public unsafe void A_view_shows_what_a_guest_wrote_through_its_base_and_a_layer_of_it_is_not_saved_without_that()
    {
        using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(_folder.Save("base", SnapshotFolder.Pattern(32)));
        using ExclusiveSharedMemory view = opened.Memory.MapCopyOnWrite();
        _ = opened.Memory.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write);
        ((byte*)opened.Memory.BaseAddress)[20 * s_page] ^= 1;
        SharedMemorySnapshotException refusal = Assert.Throws<SharedMemorySnapshotException>(() => SharedMemorySnapshot.Save(_folder["layer"], view, opened));
        Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, refusal.Error);
        Assert.DoesNotContain(_folder["layer"], _folder.Files);
    }
}

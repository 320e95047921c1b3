using System.Runtime.InteropServices;

namespace Nub.Memory.Attack;

/// <summary>Everything that can be done with memory, in its order, with what can be done although something before it failed.</summary>
internal sealed class Way : IDisposable
{
    private const int Size = 64 << 12;

    private static readonly byte[] s_contents = [.. Enumerable.Range(0, Size).Select(i => (byte)(i * 7))];
    private static readonly string s_file = MakeFile();

    private readonly List<IDisposable?> _owners = [];
    private readonly List<string> _refused = [];
    private readonly bool _mayFail;

    private Way(bool mayFail) => _mayFail = mayFail;

    /// <summary>Goes the way to its end.</summary>
    /// <param name="mayFail">Whether one step may be refused for want of memory.</param>
    /// <returns>What was refused.</returns>
    public static List<string> Go(bool mayFail)
    {
        using var way = new Way(mayFail);
        way.Memory();
        way.Snapshots();
        way.Disk();
        way.OtherProcesses();
        return way._refused;
    }

    /// <summary>Whether a descriptor is one that a way opens; the runtime opens files of its own when it likes.</summary>
    public static bool IsOurs(string descriptor) =>
        new FileInfo(descriptor).LinkTarget is { } target
        && (target.Contains("memfd:", StringComparison.Ordinal) || target.Contains(s_file, StringComparison.Ordinal));

    /// <summary>Disposing never throws, whatever failed.</summary>
    public void Dispose()
    {
        foreach (IDisposable? owner in Enumerable.Reverse(_owners))
        {
            owner?.Dispose();
        }
    }

    private static string MakeFile()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, s_contents);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            File.Delete(path);
            File.Delete(path + ".base");
            File.Delete(path + ".layer");
        };
        return path;
    }

    private void Memory()
    {
        ExclusiveSharedMemory? exclusive = Own("create", () => new ExclusiveSharedMemory(Size));
        if (exclusive is null)
        {
            return;
        }

        Do("set up", () => exclusive.CopyFrom(0, s_contents));
        HostSharedMemory? host = null;
        GuestSharedMemory? guest = null;
        if (!Do("build", () => (host, guest) = exclusive.Build()))
        {
            // Not consumed: it goes on.
            Do("build again", () => (host, guest) = exclusive.Build());
        }

        _owners.Add(host);
        _owners.Add(guest);
        if (host is null || guest is null)
        {
            return;
        }

        HostSharedMemory? clone = Own("clone", host.Clone);
        Do("read", () => Judge.Require(host.Read<byte>(9) == s_contents[9], "read"));
        Do("write", () => host.Write(8, host.Read<ulong>(8)));
        byte[] copy = new byte[Size];
        Do("copy out", () => host.CopyTo(0, copy));
        Do("copy in", () => host.CopyFrom(0, s_contents));

        // Each new thread may need a slot of its own.
        Do("access on a thread", () => OnThread(() => host.Read<ulong>(0)));
        Do("access in depth", () => OnThread(() => Descend(host, 3)));
        Do("access very often on a thread", () => OnThread(() =>
        {
            // So often that a thread without a place has the table replaced.
            for (int i = 0; i < (1 << 20) + 100; i++)
            {
                host.Read<byte>(0);
            }
        }));
        Do("read and judge", () => Judge.Require(host.TryReadValidated(0, out Judged judged) && judged.Value != 1, "read and judged"));
        Do("host lease", () =>
        {
            using HostLease lease = host.Enter();
            Judge.Require(lease.Read<byte>(9) == s_contents[9], "read under a lease");
        });
        Do("guest lease", () => guest.EnterGuest().Dispose());
        Do("view", () => _ = SharedView.At<uint>(host, 0).Load());
        Do("atomic", () => host.Add(0, 0));
        Do("exclusive", () => host.WithExclusivity(mine => mine.WriteByte(0, mine.ReadByte(0))));
        Do("exclusive with patience", () => host.WithExclusivity(mine => mine.WriteByte(0, mine.ReadByte(0)), TimeSpan.FromSeconds(30)));
        Do("contents", () => host.WithContents(contents => contents[0]));
        Do("stack", () =>
        {
            SharedStack stack = host.StackAt(4096, 8192);
            stack.Reset();
            stack.Push(s_contents.AsSpan(0, 1000));
            Judge.Require(stack.Pop().Length == 1000, "popped");
            stack.PushPrefixed(s_contents.AsSpan(0, 3000));
            Judge.Require(stack.Pop(element => element.Length) == 3004, "popped and parsed");
        });
        Do("zero", host.Zero);
        Do("zero a memory that is not all there", () => host.WithExclusivity(mine => mine.WriteByte(Size / 2, 1)));
        Do("zero again", () => (clone ?? host).Zero());
        Do("region", () => _ = guest.MappingAt(0, MemoryRegionType.Scratch));
    }

    private void Snapshots()
    {
        ReadOnlySharedMemory? bytes = Own("snapshot of bytes", () => ReadOnlySharedMemory.FromBytes(s_contents));
        Own("snapshot of a file", () => ReadOnlySharedMemory.FromFile(s_file, Size));
        ReadOnlySharedMemory? mapped = Own("mapped file", () => ReadOnlySharedMemory.MapFile(s_file, Size));
        foreach (ReadOnlySharedMemory? snapshot in (ReadOnlySharedMemory?[])[bytes, mapped])
        {
            if (snapshot is null)
            {
                continue;
            }

            Own("clone of a snapshot", snapshot.Clone);
            if (ReferenceEquals(snapshot, bytes))
            {
                // A file that others can write shows no spans.
                Do("contents of a snapshot", () => snapshot.WithContents(contents => contents[0]));
            }

            Do("copy out of a snapshot", () => snapshot.CopyTo(0, new byte[Size]));
            Own("writable copy", snapshot.CopyToWritable);
            ExclusiveSharedMemory? view = Own("copy-on-write", snapshot.MapCopyOnWrite);
            if (view is null)
            {
                continue;
            }

            Do("write to the view", () => view.CopyFrom(0, new byte[Size]));
            if (Do("restore", view.Restore))
            {
                Do("read the view", () => Judge.Require(view.ReadByte(9) == s_contents[9], "restored"));
            }

            Do("restore again", view.Restore);
            Do("zero the view", view.Zero);
        }

        if (bytes is not null)
        {
            Do("write through", () => _ = bytes.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write));
        }
    }

    /// <summary>Snapshots in files, whole and in layers.</summary>
    private void Disk()
    {
        string wholePath = s_file + ".base";
        string layerPath = s_file + ".layer";
        ReadOnlySharedMemory? bytes = Own("memory to be saved", () => ReadOnlySharedMemory.FromBytes(s_contents));
        if (bytes is null || !Do("save", () => _ = SharedMemorySnapshot.Save(wholePath, bytes)))
        {
            return;
        }

        Own("take", () => SharedMemorySnapshot.Take(bytes));
        SharedMemorySnapshot? whole = Own("open from the disk", () => SharedMemorySnapshot.Open(wholePath));
        SharedMemorySnapshot? trusted = Own("open on trust", () => SharedMemorySnapshot.OpenTrusted(wholePath));
        foreach (SharedMemorySnapshot? below in (SharedMemorySnapshot?[])[whole, trusted])
        {
            ExclusiveSharedMemory? view = below is null ? null : Own("view of what was saved", below.Memory.MapCopyOnWrite);
            if (view is null)
            {
                continue;
            }

            Do("write to the view of what was saved", () => view.WriteByte(9, (byte)~s_contents[9]));
            if (Do("save a layer", () => _ = SharedMemorySnapshot.Save(layerPath, view, below)))
            {
                SharedMemorySnapshot? layer = Own("open a layer on trust", () => SharedMemorySnapshot.OpenTrusted(layerPath, below));
                Own("open a layer", () => SharedMemorySnapshot.Open(layerPath, below));
                byte[] byte9 = new byte[1];
                if (layer is not null && Do("read a layer", () => layer.Memory.CopyTo(9, byte9)))
                {
                    Judge.Require(byte9[0] == (byte)~s_contents[9], "read a layer");
                }
            }

            if (Do("restore what was saved", view.Restore))
            {
                Do("read what was restored", () => Judge.Require(view.ReadByte(9) == s_contents[9], "restored from the disk"));
            }
        }
    }

    /// <summary>Memory that another process could have: made, handed on, opened, and a file's.</summary>
    private void OtherProcesses()
    {
        foreach (bool readOnlyForPeers in (bool[])[false, true])
        {
            ExclusiveSharedMemory? exclusive = Own("create shareable", () => ExclusiveSharedMemory.CreateShareable(Size, readOnlyForPeers));
            if (exclusive is null)
            {
                continue;
            }

            HostSharedMemory? host = null;
            GuestSharedMemory? guest = null;
            if (!Do("build shareable", () => (host, guest) = exclusive.Build()))
            {
                Do("build shareable again", () => (host, guest) = exclusive.Build());
            }

            _owners.Add(host);
            _owners.Add(guest);
            if (host is null)
            {
                continue;
            }

            Do("set up shareable", () => host.CopyFrom(0, s_contents));
            SafeHandle? handle = Own("duplicate", host.DuplicateHandle);
            if (handle is not null)
            {
                SharedMemoryAccess access = readOnlyForPeers ? SharedMemoryAccess.Read : SharedMemoryAccess.ReadWrite;
                Use(Own("open", () => HostSharedMemory.Open(handle, 0, Size, access)), canWrite: !readOnlyForPeers);
            }

            Do("zero shareable", host.Zero);
        }

        Use(Own("open a file", () => HostSharedMemory.OpenFile(s_file, 0, Size, SharedMemoryAccess.ReadWrite)), canWrite: true);
        using (var space = new GuestAddressSpace())
        {
            HostSharedMemory? part = Own("open a part of a file", () => HostSharedMemory.OpenFile(s_file, 100, 8192, SharedMemoryAccess.Read));
            if (part is not null && Do("map", () => space.Map(0x1000, part, 0, 8192)))
            {
                Do("read by guest address", () => Judge.Require(space.Read<byte>(0x1009) == s_contents[109], "read by guest address"));
                Do("space lease", () =>
                {
                    using GuestAddressLease lease = space.Enter();
                    Judge.Require(lease.Read<byte>(0x1009) == s_contents[109], "read by guest address under a lease");
                });
                Do("unmap", () => space.Unmap(0x1000));
            }
        }
    }

    private void Use(HostSharedMemory? memory, bool canWrite)
    {
        if (memory is null)
        {
            return;
        }

        Do("read what was opened", () => Judge.Require(memory.Read<byte>(9) == s_contents[9], "read what was opened"));
        Do("copy out of what was opened", () => memory.CopyTo(0, new byte[Size]));
        Do("lease of what was opened", () =>
        {
            using HostLease lease = memory.Enter();
            Judge.Require(lease.Read<byte>(9) == s_contents[9], "read what was opened under a lease");
        });
        if (canWrite)
        {
            Do("write what was opened", () => memory.CopyFrom(0, s_contents));
            Do("atomic on what was opened", () => memory.Add(0, 0));
        }
    }

    private T? Own<T>(string what, Func<T> make) where T : class, IDisposable
    {
        T? made = null;
        Do(what, () => made = make());
        _owners.Add(made);
        return made;
    }

    private bool Do(string what, Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception exception) when (_mayFail && Judge.IsTyped(Innermost(exception)))
        {
            _refused.Add($"{what}: {Innermost(exception).GetType().Name}");
            return false;
        }
    }

    private static Exception Innermost(Exception exception) =>
        exception is InvalidOperationException { InnerException: { } inner } ? inner : exception;

    private static void OnThread(Action action) => Judge.OnThread(action, 128 << 10);

    private static void Descend(HostSharedMemory memory, int pages)
    {
        Span<byte> page = stackalloc byte[8192];
        page[0] = 1;
        memory.Read<byte>(0);
        if (pages > 0)
        {
            Descend(memory, pages - 1);
        }
    }
}

/// <summary>A value that is judged by code of the user's.</summary>
[ValidateOnRead]
internal partial struct Judged
{
    public uint Value;

    private static bool Validate(in Judged value) => value.Value != 1;
}

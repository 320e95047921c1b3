using System.Runtime.InteropServices;

namespace Nub.Memory.Child;

/// <summary>Touches the last byte of a mapping, says so, and then the one past it, which must end the process.</summary>
internal static class GuardPages
{
    public static void StepOver(string kind, string end)
    {
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, new byte[4096]);
        SharedMemory memory = kind switch
        {
            "exclusive" => new ExclusiveSharedMemory(4096),
            "guest" => new ExclusiveSharedMemory(4096).Build().Guest,
            "read-only" => ReadOnlySharedMemory.FromBytes([1]),
            "mapped-file" => ReadOnlySharedMemory.MapFile(file, 4096),
            "copy-on-write" => ReadOnlySharedMemory.FromBytes([1]).MapCopyOnWrite(),
            _ => throw new ArgumentException($"There is no memory of the kind {kind}.", nameof(kind)),
        };

        // A mapping stays when its file's name goes, and this process is not to live to delete it.
        File.Delete(file);
        (nint inside, nint outside) = end == "below"
            ? (memory.BaseAddress, memory.BaseAddress - 1)
            : (memory.BaseAddress + (nint)memory.Size - 1, memory.BaseAddress + (nint)memory.Size);
        Marshal.ReadByte(inside);
        Console.WriteLine("inside");
        Console.Out.Flush();
        Marshal.ReadByte(outside);
        Console.WriteLine("outside");
        GC.KeepAlive(memory);
    }
}

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Nub.Memory.Benchmarks;

/// <summary>The seed's algorithm in Rust (seed.rs), built with the machine's rustc.</summary>
internal sealed unsafe class SeedPeer
{
    public const string Name = "seed (Rust)";

    private readonly nint _memory;
    private readonly nint _library;

    private SeedPeer(nint library, ulong size)
    {
        _library = library;
        _memory = ((delegate* unmanaged<nuint, nint>)Symbol("seed_create"))((nuint)size);
    }

    /// <summary>Builds and loads the peer.</summary>
    /// <param name="size">The size of its memory in bytes.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="whyNot">Why there is none.</param>
    public static bool TryLoad(ulong size, [NotNullWhen(true)] out SeedPeer? peer, out string whyNot)
    {
        peer = null;
        string source = Path.Combine(AppContext.BaseDirectory, "Peers", "seed.rs");
        string library = Path.Combine(AppContext.BaseDirectory, "Peers", "libseed.so");
        if (!NativeBuild.TryRun("rustc", ["--edition", "2021", "-C", "opt-level=3", "--crate-type", "cdylib", source, "-o", library], out whyNot))
        {
            return false;
        }

        peer = new SeedPeer(NativeLibrary.Load(library), size);
        return true;
    }

    public Side ReadUInt64(ulong offset) => Repeated("seed_read_u64", offset);

    public Side ReadUInt32(ulong offset) => Repeated("seed_read_u32", offset);

    public Side Read16(ulong offset) => Repeated("seed_read_16", offset);

    public Side WriteUInt64(ulong offset) => Repeated("seed_write_u64", offset);

    public Side WriteUInt32(ulong offset) => Repeated("seed_write_u32", offset);

    public Side CopyTo(ulong offset, nint buffer, int length) => Copy("seed_copy_to", offset, buffer, length);

    public Side CopyFrom(ulong offset, nint buffer, int length) => Copy("seed_copy_from", offset, buffer, length);

    public Side Fill(ulong offset, int length)
    {
        var call = (delegate* unmanaged<nint, nuint, nuint, nuint, void>)Symbol("seed_fill");
        return new Side(Name, times => call(_memory, (nuint)offset, (nuint)length, (nuint)times));
    }

    public Side PushAndPop(ulong offset, ulong size, nint data, int length)
    {
        var call = (delegate* unmanaged<nint, nuint, nuint, nint, nuint, nuint, void>)Symbol("seed_push_pop");
        return new Side(Name, times => call(_memory, (nuint)offset, (nuint)size, data, (nuint)length, (nuint)times));
    }

    private Side Repeated(string symbol, ulong offset)
    {
        var call = (delegate* unmanaged<nint, nuint, nuint, ulong>)Symbol(symbol);
        return new Side(Name, times => call(_memory, (nuint)offset, (nuint)times));
    }

    private Side Copy(string symbol, ulong offset, nint buffer, int length)
    {
        var call = (delegate* unmanaged<nint, nuint, nint, nuint, nuint, void>)Symbol(symbol);
        return new Side(Name, times => call(_memory, (nuint)offset, buffer, (nuint)length, (nuint)times));
    }

    private nint Symbol(string name) => NativeLibrary.GetExport(_library, name);
}

/// <summary>Runs a compiler that the machine may have.</summary>
internal static class NativeBuild
{
    public static bool TryRun(string compiler, IEnumerable<string> arguments, out string whyNot)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(compiler, arguments) { RedirectStandardError = true })!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            whyNot = process.ExitCode == 0 ? "" : $"{compiler} failed with {process.ExitCode}: {errors}";
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            whyNot = $"{compiler} is not on this machine";
            return false;
        }
    }
}

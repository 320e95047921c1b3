using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Nub.Fuzz.Engine;

/// <summary>The input that runs now and how many did before it, in a file that both processes map: what ends the one, or keeps it for ever, the other still knows.</summary>
internal sealed class CurrentInput : IDisposable
{
    private const int Header = 16;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public CurrentInput(string path, int maxLength)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, Header + maxLength);
        _view = _file.CreateViewAccessor(0, Header + maxLength);
    }

    public long Executions => _view.ReadInt64(0);

    public void Begin(ReadOnlySpan<byte> input)
    {
        Span<byte> all = Bytes();
        MemoryMarshal.Write(all[8..], input.Length);
        input.CopyTo(all[Header..]);
        MemoryMarshal.Write(all, MemoryMarshal.Read<long>(all) + 1);
    }

    public byte[] Read() => Bytes().Slice(Header, _view.ReadInt32(8)).ToArray();

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    // Sound: the view is mapped until this is disposed, which does not happen during a call.
    private unsafe Span<byte> Bytes() => new((void*)(_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + (nint)_view.PointerOffset), (int)_view.Capacity);
}

namespace BootLinux;

/// <summary>A bzImage that was judged: its header, and its protected-mode code, which is what goes to memory.</summary>
internal sealed class KernelImage
{
    private const int SectorSize = 512;

    private readonly byte[] _image;
    private readonly int _codeOffset;

    private KernelImage(byte[] image, in SetupHeader header, int codeOffset)
    {
        _image = image;
        _codeOffset = codeOffset;
        Header = header;
    }

    public SetupHeader Header { get; }

    /// <summary>The code, whose 64-bit entry is at 0x200.</summary>
    public ReadOnlySpan<byte> Code => _image.AsSpan(_codeOffset);

    /// <exception cref="InvalidDataException">It is no bzImage with a 64-bit entry.</exception>
    public static KernelImage Read(string path)
    {
        byte[] image = File.ReadAllBytes(path);
        if (image.Length < SetupHeader.Offset + SetupHeader.Layout.Size)
        {
            throw new InvalidDataException($"{path} has {image.Length} bytes, less than the header of a kernel.");
        }

        SetupHeader header = SetupHeader.ReadFrom(image.AsSpan(SetupHeader.Offset));
        if (header.Header != SetupHeader.Magic || header.Version < SetupHeader.LeastVersion)
        {
            throw new InvalidDataException(
                $"{path} is no bzImage of boot protocol 2.12 or newer (magic 0x{header.Header:X}, version 0x{header.Version:X}).");
        }

        if ((header.ExtendedLoadFlags & SetupHeader.Has64BitEntry) == 0)
        {
            throw new InvalidDataException($"{path} has no 64-bit entry: it is a 32-bit kernel.");
        }

        int codeOffset = ((header.SetupSectors == 0 ? 4 : header.SetupSectors) + 1) * SectorSize;
        return codeOffset < image.Length
            ? new KernelImage(image, header, codeOffset)
            : throw new InvalidDataException($"{path} ends after {image.Length} bytes, before its code at {codeOffset}.");
    }
}

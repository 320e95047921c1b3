using System.Buffers.Binary;
using System.Text;

namespace Nub.Tool.Tests.Btf;

/// <summary>Writes BTF, right or as a test wants it.</summary>
internal sealed class BtfImage
{
    private readonly List<uint> _types = [];
    private readonly List<byte> _names = [0];
    private uint _count;

    public uint Int(string name, uint size) => Add(name, 1, 0, false, size, size * 8);

    public uint Array(uint element, uint count) => Add("", 3, 0, false, 0, element, element, count);

    public uint Typedef(string name, uint type) => Add(name, 8, 0, false, type);

    public uint Pointer(uint type) => Add("", 2, 0, false, type);

    public uint Struct(string name, uint size, params (string Name, uint Type, uint Bit, uint Width)[] members) => Record(4, name, size, members);

    public uint Union(string name, uint size, params (string Name, uint Type, uint Bit, uint Width)[] members) => Record(5, name, size, members);

    /// <summary>A type with any numbers.</summary>
    public uint Add(string name, uint kind, int length, bool flag, uint sizeOrType, params uint[] rest)
    {
        _types.AddRange([Name(name), kind << 24 | (uint)length | (flag ? 1u << 31 : 0), sizeOrType, .. rest]);
        return ++_count;
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[24 + (_types.Count * 4) + _names.Count];
        uint[] header = [0x0001_EB9F, 24, 0, (uint)_types.Count * 4, (uint)_types.Count * 4, (uint)_names.Count];
        uint[] numbers = [.. header, .. _types];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), numbers[i]);
        }

        _names.CopyTo(bytes, numbers.Length * 4);
        return bytes;
    }

    private uint Record(uint kind, string name, uint size, (string Name, uint Type, uint Bit, uint Width)[] members) =>
        Add(name, kind, members.Length, true, size, [.. members.SelectMany(member => new[] { Name(member.Name), member.Type, member.Width << 24 | member.Bit })]);

    private uint Name(string name)
    {
        if (name.Length == 0)
        {
            return 0;
        }

        uint at = (uint)_names.Count;
        _names.AddRange(Encoding.UTF8.GetBytes(name + '\0'));
        return at;
    }
}
